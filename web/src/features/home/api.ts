import { queryOptions } from "@tanstack/react-query";
import { approvalsList, cicdExecutionsList } from "@/api/generated";
import { MOVING } from "@/lib/use-monitor";

const MOST = 10;
const DAY = 86_400_000;

/** What runs or is about to. */
export const running = queryOptions({
  queryKey: ["executions", "running"],
  meta: MOVING,
  queryFn: async ({ signal }) =>
    (await cicdExecutionsList({ query: { status: "running,pending", page_size: MOST }, signal })).data,
});

/** Gates that this person may answer. */
export const mine = queryOptions({
  queryKey: ["approvals", "mine"],
  meta: MOVING,
  queryFn: async ({ signal }) => (await approvalsList({ query: { mine: true, page_size: MOST }, signal })).data,
});

/** What went wrong in the last 24 hours. */
export const broken = queryOptions({
  queryKey: ["executions", "broken"],
  meta: MOVING,
  queryFn: async ({ signal }) => {
    const created_after = new Date(Date.now() - DAY).toISOString();
    return (await cicdExecutionsList({ query: { status: "failed,timeout", created_after, page_size: MOST }, signal }))
      .data;
  },
});

/** Whether anything has ever run here. */
export const anything = queryOptions({
  queryKey: ["executions", "anything"],
  staleTime: 60_000,
  queryFn: async ({ signal }) => (await cicdExecutionsList({ query: { page_size: 1 }, signal })).data.count > 0,
});
