import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { cicdAtomicStepsList, cicdAtomicStepsTypes, projectsList } from "@/api/generated";
import type { LibrarySearch } from "./search";

export const SIZE = 50;

export const types = queryOptions({
  queryKey: ["types"],
  staleTime: 10 * 60_000,
  queryFn: async ({ signal }) => (await cicdAtomicStepsTypes({ signal })).data,
});

export function saved({ search, page }: LibrarySearch) {
  const query = { kind: "saved" as const, page_size: SIZE, ...(search && { search }), ...(page && { page }) };
  return queryOptions({
    queryKey: ["atomic-steps", "saved", query],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await cicdAtomicStepsList({ query, signal })).data,
  });
}

export const projects = queryOptions({
  queryKey: ["projects", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (await projectsList({ query: { ordering: "name", page_size: 200 }, signal })).data.results,
});
