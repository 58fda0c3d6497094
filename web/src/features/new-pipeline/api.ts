import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { cicdAtomicStepsTypes, pipelinesValidateValidateText, projectsList } from "@/api/generated";

export const projects = queryOptions({
  queryKey: ["projects", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (await projectsList({ query: { ordering: "name", page_size: 200 }, signal })).data.results,
});

export const types = queryOptions({
  queryKey: ["types"],
  staleTime: 10 * 60_000,
  queryFn: async ({ signal }) => (await cicdAtomicStepsTypes({ signal })).data,
});

/** What the server says about a text. The last verdict stands while the next is asked for. */
export function verdict(source: string) {
  return queryOptions({
    queryKey: ["verdict", source],
    enabled: source.trim() !== "",
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await pipelinesValidateValidateText({ body: { source }, signal })).data,
  });
}
