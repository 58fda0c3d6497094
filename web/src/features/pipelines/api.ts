import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { pipelinesList, projectsList } from "@/api/generated";
import { MOVING } from "@/lib/use-monitor";
import type { PipelinesSearch } from "./search";

export const SIZE = 50;

export function pipelines(search: PipelinesSearch) {
  return queryOptions({
    queryKey: ["pipelines", "list", search],
    placeholderData: keepPreviousData,
    meta: MOVING, // with their last executions
    queryFn: async ({ signal }) => (await pipelinesList({ query: { ...search, page_size: SIZE }, signal })).data,
  });
}

/** For the filter: the first 200 by name. */
export const projectChoices = queryOptions({
  queryKey: ["projects", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (await projectsList({ query: { ordering: "name", page_size: 200 }, signal })).data.results,
});
