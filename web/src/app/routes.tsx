import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, lazyRouteComponent as lazy, redirect } from "@tanstack/react-router";
import { session } from "@/api/session";
import { parseApprovals } from "@/features/approvals/search";
import { parseAudit } from "@/features/audit/search";
import { parseSignIn } from "@/features/auth/search";
import { execution as whole } from "@/features/execution-live/api";
import { parseExecution } from "@/features/execution-live/search";
import { parseExecutions } from "@/features/executions/search";
import { parseLibrary } from "@/features/library/search";
import { parseNewPipeline } from "@/features/new-pipeline/search";
import { parsePeople } from "@/features/people/search";
import { parsePipeline } from "@/features/pipeline/search";
import { parseEditor, parseNew } from "@/features/pipeline-editor/search";
import { parsePipelines } from "@/features/pipelines/search";
import { parseProject } from "@/features/project/search";
import { parseProjects } from "@/features/projects/search";
import { parseSettings } from "@/features/settings/search";
import { parseWorkers } from "@/features/workers/search";
import { speaking } from "@/lib/i18n";
import { NotFound } from "./error-page";
import { Shell } from "./shell";

const root = createRootRouteWithContext<{ queries: QueryClient }>()();

/** Everything behind the sign-in. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    const { user } = await context.queries.ensureQueryData(session);
    if (user === null) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});

const inside = () => shell;

// One page, with or without a step in the address: it stays as it is when another one is chosen.
const execution = createRoute({
  getParentRoute: inside,
  path: "/executions/$id",
  validateSearch: parseExecution,
  loader: ({ cause, context, params }) => {
    if (cause === "enter") void context.queries.prefetchQuery(whole(Number(params.id))); // while the page itself is fetched
  },
  component: lazy(
    () => speaking(import("@/features/execution-live/execution-page"), "execution-live", "executions"),
    "ExecutionPage",
  ),
});
const steps = [
  createRoute({ getParentRoute: () => execution, path: "/" }),
  createRoute({ getParentRoute: () => execution, path: "/steps/$key" }),
] as const;

// One line per page. `validateSearch` makes of the query string what the page works with; behind the file stands which
// texts it speaks. They stand apart from `addChildren`, which would take the types of their searches away.
// biome-ignore format: one line per page
const pages = [
  createRoute({ getParentRoute: inside, path: "/", component: lazy(() => speaking(import("@/features/home/home-page"), "home", "executions"), "HomePage") }),
  createRoute({ getParentRoute: inside, path: "/projects", validateSearch: parseProjects, component: lazy(() => speaking(import("@/features/projects/projects-page"), "projects"), "ProjectsPage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines", validateSearch: parsePipelines, component: lazy(() => speaking(import("@/features/pipelines/pipelines-page"), "pipelines"), "PipelinesPage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/new", validateSearch: parseNew, component: lazy(() => speaking(import("@/features/pipeline-editor/pipeline-editor-page"), "pipeline-editor"), "NewPipelinePage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/$id/edit", validateSearch: parseEditor, component: lazy(() => speaking(import("@/features/pipeline-editor/pipeline-editor-page"), "pipeline-editor"), "PipelineEditorPage") }),
  createRoute({ getParentRoute: inside, path: "/executions", validateSearch: parseExecutions, component: lazy(() => speaking(import("@/features/executions/executions-page"), "executions"), "ExecutionsPage") }),
  execution.addChildren(steps),
  createRoute({ getParentRoute: inside, path: "/projects/$id", validateSearch: parseProject, component: lazy(() => speaking(import("@/features/project/project-page"), "project"), "ProjectPage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/begin", validateSearch: parseNewPipeline, component: lazy(() => speaking(import("@/features/new-pipeline/new-pipeline-page"), "new-pipeline"), "NewPipelinePage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/$id", validateSearch: parsePipeline, component: lazy(() => speaking(import("@/features/pipeline/pipeline-page"), "pipeline"), "PipelinePage") }),
  createRoute({ getParentRoute: inside, path: "/approvals", validateSearch: parseApprovals, component: lazy(() => speaking(import("@/features/approvals/approvals-page"), "approvals"), "ApprovalsPage") }),
  createRoute({ getParentRoute: inside, path: "/steps", validateSearch: parseLibrary, component: lazy(() => speaking(import("@/features/library/library-page"), "library"), "LibraryPage") }),
  createRoute({ getParentRoute: inside, path: "/tools", component: lazy(() => speaking(import("@/features/tools/tools-page"), "tools"), "ToolsPage") }),
  createRoute({ getParentRoute: inside, path: "/workers", validateSearch: parseWorkers, component: lazy(() => speaking(import("@/features/workers/workers-page"), "workers"), "WorkersPage") }),
  createRoute({ getParentRoute: inside, path: "/people", validateSearch: parsePeople, component: lazy(() => speaking(import("@/features/people/people-page"), "people"), "PeoplePage") }),
  createRoute({ getParentRoute: inside, path: "/audit", validateSearch: parseAudit, component: lazy(() => speaking(import("@/features/audit/audit-page"), "audit"), "AuditPage") }),
  createRoute({ getParentRoute: inside, path: "/settings", validateSearch: parseSettings, component: lazy(() => speaking(import("@/features/settings/settings-page"), "settings"), "SettingsPage") }),
  createRoute({ getParentRoute: inside, path: "$", component: NotFound }), // what no page is: the navigation stays beside it
] as const;
// biome-ignore format: one line per page
const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", validateSearch: parseSignIn, component: lazy(() => speaking(import("@/features/auth/sign-in-page"), "auth"), "SignInPage") });

export const tree = root.addChildren([signIn, shell.addChildren(pages)]);
