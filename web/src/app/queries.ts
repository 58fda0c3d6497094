import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";

/**
 * What the server was asked for. Without a network a request fails at once, where one sees it: waiting for one, an
 * approval would be sent when nobody thinks of it any more.
 */
export function openQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: "always",
        refetchOnReconnect: true, // not of itself in this mode
        staleTime: 5_000,
        retry: (failures, error) => failures < 2 && !isAnswer(error),
      },
      mutations: { networkMode: "always" },
    },
  });
}

/** The server has answered: asking again would say the same. */
function isAnswer(error: Error): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500;
}
