import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, lazyRouteComponent as lazy, redirect } from "@tanstack/react-router";
import { session } from "@/api/session";
import { parseSignIn } from "@/features/auth/search";
import { parseExecution } from "@/features/execution-live/search";
import { parseExecutions } from "@/features/executions/search";
import { parseEditor, parseNew } from "@/features/pipeline-editor/search";
import { parsePipelines } from "@/features/pipelines/search";
import { parseProjects } from "@/features/projects/search";
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
] as const;
// biome-ignore format: one line per page
const signIn = createRoute({ getParentRoute: () => root, path: "/sign-in", validateSearch: parseSignIn, component: lazy(() => import("@/features/auth/sign-in-page"), "SignInPage") });

export const tree = root.addChildren([signIn, shell.addChildren(pages)]);
