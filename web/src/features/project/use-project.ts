import { useQueryClient } from "@tanstack/react-query";
import { keyOf } from "./api";

/** Makes everything of a project, and the lists that it stands in, be asked for again. */
export function useRefresh(id: number): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: keyOf(id) }),
      queries.invalidateQueries({ queryKey: ["projects"] }),
    ]);
}
