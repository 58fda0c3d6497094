import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRouter, RouterProvider } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { session } from "@/api/session";
import { Kit } from "@/ui/kit";
import { Skeleton } from "@/ui/states";
import { Crashed, NotFound } from "./error-page";
import { tree } from "./routes";

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: onFailure }),
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (failures, error) => failures < 2 && !isAnswer(error) },
  },
});

const router = createRouter({
  routeTree: tree,
  context: { queries },
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0, // what is loaded ahead is kept by the query cache
  defaultPendingComponent: Skeleton,
  defaultErrorComponent: Crashed,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export function App() {
  const { i18n } = useTranslation();
  return (
    <QueryClientProvider client={queries}>
      <Kit language={i18n.language}>
        <RouterProvider router={router} />
      </Kit>
    </QueryClientProvider>
  );
}

/** The session has ended somewhere else: the route's guard finds nobody, and leads to the sign-in. */
function onFailure(error: Error): void {
  if (!(error instanceof ApiError) || error.status !== 401) return;
  queries.removeQueries({ queryKey: session.queryKey });
  void router.invalidate();
}

/** The server has answered: asking again would say the same. */
function isAnswer(error: Error): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500;
}
