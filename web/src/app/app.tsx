import { QueryClientProvider } from "@tanstack/react-query";
import { createRouter, RouterProvider } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Kit } from "@/ui/kit";
import { Skeleton } from "@/ui/states";
import { Crashed, NotFound } from "./error-page";
import { openQueries } from "./queries";
import { tree } from "./routes";

export const queries = openQueries();

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
