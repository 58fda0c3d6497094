import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type AuditListData, auditList, projectsList } from "@/api/generated";
import { said } from "@/lib/search";
import type { AuditSearch } from "./search";

export const SIZE = 50;
const DAYS = { day: 1, week: 7, month: 30 };

export function asQuery(
  { type, object, since, ...rest }: AuditSearch,
  now: number,
): NonNullable<AuditListData["query"]> {
  return said({
    ...rest,
    object_type: type,
    object_id: object,
    since: since && new Date(now - DAYS[since] * 86_400_000).toISOString(),
    page_size: SIZE,
  });
}

export function entries(search: AuditSearch) {
  return queryOptions({
    queryKey: ["audit", search],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await auditList({ query: asQuery(search, Date.now()), signal })).data,
  });
}

export const projects = queryOptions({
  queryKey: ["projects", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (await projectsList({ query: { ordering: "name", page_size: 200 }, signal })).data.results,
});
