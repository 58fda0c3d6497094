import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  cicdExecutionsList,
  type ProjectBody,
  pipelinesForm,
  pipelinesPlan,
  pipelinesRetrieve,
  pipelinesStatisticsRetrieve,
  pipelinesValidate,
  pipelinesVersionsDiff,
  pipelinesVersionsList,
  projectsRefsList,
  projectsRetrieve,
  type WishBody,
} from "@/api/generated";
import { MOST_BARS } from "./model/bars";

const VERSIONS = 100;
const OFTEN = 5_000;

/** Of one pipeline: whatever is changed in it makes all of it be asked for again. */
export const keyOf = (id: number) => ["pipelines", "one", id] as const;

export function pipeline(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "itself"],
    queryFn: async ({ signal }) => (await pipelinesRetrieve({ path: { id }, signal })).data,
  });
}

/** For what this person may do: that is the project's to say. */
export function project(id: number | undefined) {
  return queryOptions({
    queryKey: ["projects", "one", id ?? 0, "itself"],
    enabled: id !== undefined,
    queryFn: async ({ signal }) => (await projectsRetrieve({ path: { project: id ?? 0 }, signal })).data,
  });
}

export function executions(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "executions"],
    refetchInterval: OFTEN,
    queryFn: async ({ signal }) =>
      (await cicdExecutionsList({ query: { pipeline: id, page_size: MOST_BARS }, signal })).data,
  });
}

/** Of the last 30 days. */
export function statistics(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "statistics"],
    refetchInterval: 6 * OFTEN,
    queryFn: async ({ signal }) => (await pipelinesStatisticsRetrieve({ path: { id }, signal })).data,
  });
}

export function versions(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "versions"],
    queryFn: async ({ signal }) =>
      (await pipelinesVersionsList({ path: { id }, query: { page_size: VERSIONS }, signal })).data,
  });
}

export function difference(id: number, from: number, to: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "difference", from, to],
    queryFn: async ({ signal }) =>
      (await pipelinesVersionsDiff({ path: { id, number: from }, query: { to }, signal })).data,
  });
}

export function verdict(id: number, source: string) {
  return queryOptions({
    queryKey: [...keyOf(id), "verdict", source],
    queryFn: async ({ signal }) => (await pipelinesValidate({ path: { id }, body: { source }, signal })).data,
  });
}

export function form(id: number) {
  return queryOptions({
    queryKey: [...keyOf(id), "form"],
    queryFn: async ({ signal }) => (await pipelinesForm({ path: { id }, signal })).data,
  });
}

/** What the project's repository has: its host is asked, which may take a moment. */
export function refs({ id, repository }: ProjectBody) {
  return queryOptions({
    queryKey: ["refs", id],
    enabled: repository !== "",
    retry: false,
    staleTime: 12 * OFTEN,
    queryFn: async ({ signal }) => (await projectsRefsList({ path: { project: id }, signal })).data,
  });
}

export function plan(id: number, body: WishBody) {
  return queryOptions({
    queryKey: [...keyOf(id), "plan", body],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await pipelinesPlan({ path: { id }, body, signal })).data,
  });
}
