import { keepPreviousData, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { workersDrain, workersList, workersQueuesList, workersResume } from "@/api/generated";
import type { WorkersSearch } from "./search";

export const KEY = ["workers"];
export const SIZE = 50;
const BEAT = 3_000; // milliseconds between two times of asking: no hint tells of a heartbeat

export function workers({ page }: WorkersSearch) {
  const query = { page_size: SIZE, ...(page && { page }) };
  return queryOptions({
    queryKey: [...KEY, "list", query],
    placeholderData: keepPreviousData,
    refetchInterval: BEAT,
    queryFn: async ({ signal }) => (await workersList({ query, signal })).data,
  });
}

export const queues = queryOptions({
  queryKey: [...KEY, "queues"],
  refetchInterval: BEAT,
  queryFn: async ({ signal }) => (await workersQueuesList({ query: { page_size: 200 }, signal })).data,
});

interface Told {
  readonly worker: { readonly id: number; readonly name: string };
  readonly what: "drain" | "resume";
}

/** Tells a worker what can be taken back. */
export function useTelling() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ worker, what }: Told) => {
      const to = { path: { worker: worker.id }, body: {} };
      return what === "drain" ? workersDrain(to) : workersResume(to);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}
