import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, lazyRouteComponent as lazy, redirect } from "@tanstack/react-router";
import { session } from "@/api/session";
import { parseApprovals } from "@/features/approvals/search";
import { parseAudit } from "@/features/audit/search";
import { parseSignIn } from "@/features/auth/search";
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
  component: lazy(() => import("@/features/execution-live/execution-page"), "ExecutionPage"),
});
const steps = [
  createRoute({ getParentRoute: () => execution, path: "/" }),
  createRoute({ getParentRoute: () => execution, path: "/steps/$key" }),
] as const;

// One line per page. `validateSearch` makes of the query string what the page works with. They stand apart from
// `addChildren`, which would take the types of their searches away.
// biome-ignore format: one line per page
const pages = [
  createRoute({ getParentRoute: inside, path: "/", component: lazy(() => import("@/features/home/home-page"), "HomePage") }),
  createRoute({ getParentRoute: inside, path: "/projects", validateSearch: parseProjects, component: lazy(() => import("@/features/projects/projects-page"), "ProjectsPage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines", validateSearch: parsePipelines, component: lazy(() => import("@/features/pipelines/pipelines-page"), "PipelinesPage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/new", validateSearch: parseNew, component: lazy(() => import("@/features/pipeline-editor/pipeline-editor-page"), "NewPipelinePage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/$id/edit", validateSearch: parseEditor, component: lazy(() => import("@/features/pipeline-editor/pipeline-editor-page"), "PipelineEditorPage") }),
  createRoute({ getParentRoute: inside, path: "/executions", validateSearch: parseExecutions, component: lazy(() => import("@/features/executions/executions-page"), "ExecutionsPage") }),
  execution.addChildren(steps),
  createRoute({ getParentRoute: inside, path: "/projects/$id", validateSearch: parseProject, component: lazy(() => import("@/features/project/project-page"), "ProjectPage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/begin", validateSearch: parseNewPipeline, component: lazy(() => import("@/features/new-pipeline/new-pipeline-page"), "NewPipelinePage") }),
  createRoute({ getParentRoute: inside, path: "/pipelines/$id", validateSearch: parsePipeline, component: lazy(() => import("@/features/pipeline/pipeline-page"), "PipelinePage") }),
  createRoute({ getParentRoute: inside, path: "/approvals", validateSearch: parseApprovals, component: lazy(() => import("@/features/approvals/approvals-page"), "ApprovalsPage") }),
  createRoute({ getParentRoute: inside, path: "/steps", validateSearch: parseLibrary, component: lazy(() => import("@/features/library/library-page"), "LibraryPage") }),
  createRoute({ getParentRoute: inside, path: "/tools", component: lazy(() => import("@/features/tools/tools-page"), "ToolsPage") }),
  createRoute({ getParentRoute: inside, path: "/workers", validateSearch: parseWorkers, component: lazy(() => import("@/features/workers/workers-page"), "WorkersPage") }),
  createRoute({ getParentRoute: inside, path: "/people", validateSearch: parsePeople, component: lazy(() => import("@/features/people/people-page"), "PeoplePage") }),
  createRoute({ getParentRoute: inside, path: "/audit", validateSearch: parseAudit, component: lazy(() => import("@/features/audit/audit-page"), "AuditPage") }),
  createRoute({ getParentRoute: inside, path: "/settings", validateSearch: parseSettings, component: lazy(() => import("@/features/settings/settings-page"), "SettingsPage") }),
] as const;
// biome-ignore format: one line per page
const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", validateSearch: parseSignIn, component: lazy(() => import("@/features/auth/sign-in-page"), "SignInPage") });

export const tree = root.addChildren([signIn, shell.addChildren(pages)]);
