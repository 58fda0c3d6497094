import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type CicdExecutionsListData, cicdExecutionsList, pipelinesList, projectsList } from "@/api/generated";
import { said } from "@/lib/search";
import { MOVING } from "@/lib/use-monitor";
import type { ExecutionsSearch } from "./search";

export const SIZE = 50;
const DAYS = { day: 1, week: 7, month: 30 };

export function executions(search: ExecutionsSearch) {
  return queryOptions({
    queryKey: ["executions", "list", search],
    placeholderData: keepPreviousData,
    meta: MOVING,
    queryFn: async ({ signal }) => (await cicdExecutionsList({ query: asQuery(search, Date.now()), signal })).data,
  });
}

/** What the API is asked for. */
export function asQuery(
  { trigger, by, since, from, to, ...rest }: ExecutionsSearch,
  now: number,
): NonNullable<CicdExecutionsListData["query"]> {
  return said({
    ...rest,
    trigger_type: trigger,
    triggered_by: by,
    created_after: from ?? (since && new Date(now - DAYS[since] * 86_400_000).toISOString()),
    created_before: to,
    page_size: SIZE,
  });
}

/** For the filters: the first 200 by name. */
export const filterChoices = queryOptions({
  queryKey: ["executions", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    const query = { ordering: "name", page_size: 200 } as const;
    const [projects, pipelines] = await Promise.all([
      projectsList({ query, signal }),
      pipelinesList({ query, signal }),
    ]);
    return { projects: projects.data.results, pipelines: pipelines.data.results };
  },
});
