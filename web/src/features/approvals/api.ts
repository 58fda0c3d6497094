import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type ApprovalsListData, approvalsList, projectsList } from "@/api/generated";
import { said } from "@/lib/search";
import type { ApprovalsSearch } from "./search";

export const SIZE = 50;

export function asQuery({
  status = "pending",
  all,
  project,
  page,
}: ApprovalsSearch): NonNullable<ApprovalsListData["query"]> {
  const mine = status === "pending" && all === undefined ? true : undefined;
  return said({ status, mine, project, page, page_size: SIZE });
}

export function approvals(search: ApprovalsSearch) {
  const query = asQuery(search);
  return queryOptions({
    queryKey: ["approvals", "list", query],
    placeholderData: keepPreviousData,
    refetchInterval: 5_000,
    queryFn: async ({ signal }) => (await approvalsList({ query, signal })).data,
  });
}

export const projects = queryOptions({
  queryKey: ["projects", "choices"],
  staleTime: 60_000,
  queryFn: async ({ signal }) =>
    (await projectsList({ query: { ordering: "name", page_size: 200 }, signal })).data.results,
});
