import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ArtifactBody, LineTimeBody, WholeExecutionBody } from "@/api/generated";
import {
  approvalsList,
  cicdExecutionsArtifactsList,
  cicdExecutionsList,
  cicdExecutionsLogsOutline,
  cicdExecutionsLogsRetrieve,
  cicdExecutionsLogsSearch,
  cicdExecutionsLogsTimes,
  cicdExecutionsRetrieve,
  cicdExecutionsStatisticsRetrieve,
  cicdExecutionsStepsStep,
  cicdExecutionsWhy,
  pipelinesRetrieve,
  projectsRetrieve,
} from "@/api/generated";
import type { Standing } from "./model/log-book";

export function execution(id: number) {
  return queryOptions({
    queryKey: ["executions", "one", id],
    staleTime: Number.POSITIVE_INFINITY, // the socket says what changes
    gcTime: 2_000, // as long as it may take until a page is drawn that it was asked for ahead of
    queryFn: async ({ signal }) => (await cicdExecutionsRetrieve({ path: { id }, signal })).data,
  });
}

/** A step with its attempts and reports. `seen` is anything that is another one when the step has changed. */
export function stepDetail(id: number, key: string, seen: string) {
  return queryOptions({
    queryKey: ["executions", "one", id, "step", key, seen],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => (await cicdExecutionsStepsStep({ path: { id, key }, signal })).data,
  });
}

export function decisions(id: number, step: string, seq: number) {
  return queryOptions({
    queryKey: ["executions", "one", id, "why", step, seq],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await cicdExecutionsWhy({ path: { id }, query: step === "" ? {} : { step }, signal })).data.decisions,
  });
}

/** All that a step kept, however many pages that are. */
export function artifacts(id: number, step: string, count: number) {
  return queryOptions({
    queryKey: ["executions", "one", id, "artifacts", step, count],
    queryFn: async ({ signal }) => {
      const found: ArtifactBody[] = [];
      for (let page = 1, more = true; more; page += 1) {
        const query = { step, page, page_size: MOST_OF_A_PAGE };
        const { data } = await cicdExecutionsArtifactsList({ path: { id }, query, signal });
        found.push(...data.results);
        more = data.next !== null;
      }
      return found;
    },
  });
}

export function approvals(id: number, seq: number) {
  return queryOptions({
    queryKey: ["executions", "one", id, "approvals", seq],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await approvalsList({ query: { execution: id, page_size: 200 }, signal })).data.results,
  });
}

const MOST_OF_A_PAGE = 200;
const WHILE_IT_GROWS = 3_000; // milliseconds between two outlines of a log that grows

export function outline(id: number, step: string, attempt: number, isOver: boolean) {
  return queryOptions({
    queryKey: ["executions", "one", id, "outline", step, attempt, isOver],
    enabled: attempt > 0,
    retry: false, // a step that has printed nothing has none
    staleTime: isOver ? Number.POSITIVE_INFINITY : 0,
    refetchInterval: isOver ? false : WHILE_IT_GROWS,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) =>
      (await cicdExecutionsLogsOutline({ path: { id }, query: { step, attempt }, signal })).data,
  });
}

export interface Looked {
  readonly find: string;
  readonly regex: boolean;
  readonly capitals: boolean;
}

/** Lines with these words, over all steps. A page may be empty and yet have a next one. */
export function found(id: number, { find, regex, capitals }: Looked) {
  return infiniteQueryOptions({
    queryKey: ["executions", "one", id, "found", find, regex, capitals],
    enabled: find !== "",
    retry: false,
    staleTime: 10_000,
    initialPageParam: "",
    queryFn: async ({ signal, pageParam }) => {
      const query = { q: find, around: 0, limit: 200, ...(regex && { regex }), ...(capitals && { case: true }) };
      const from = pageParam === "" ? query : { ...query, after: pageParam };
      return (await cicdExecutionsLogsSearch({ path: { id }, query: from, signal })).data;
    },
    getNextPageParam: ({ next }) => (next === null ? undefined : new URL(next).searchParams.get("after")),
  });
}

/** What executions of this pipeline have taken lately. */
export function usual(pipeline: number) {
  return queryOptions({
    queryKey: ["executions", "usual", pipeline],
    staleTime: 300_000,
    queryFn: async ({ signal }) => {
      const { data } = await cicdExecutionsStatisticsRetrieve({ query: { pipeline }, signal });
      return { median: data.duration_seconds.p50, of: data.measured };
    },
  });
}

/** As it is now, which may be another version than the one that ran. */
export function pipeline(id: number) {
  return queryOptions({
    queryKey: ["pipelines", "one", id, "itself"],
    queryFn: async ({ signal }) => (await pipelinesRetrieve({ path: { id }, signal })).data,
  });
}

/** For what this person may do: that is the project's to say. */
export function project(id: number) {
  return queryOptions({
    queryKey: ["projects", "one", id, "itself"],
    queryFn: async ({ signal }) => (await projectsRetrieve({ path: { project: id }, signal })).data,
  });
}

export type Way = "before" | "after";

/** The execution of the same pipeline that began just before or after; null where there is none. */
export function neighbour({ id, pipeline, created_at }: WholeExecutionBody, way: Way) {
  return queryOptions({
    queryKey: ["executions", "neighbour", id, way],
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const at = new Date(Date.parse(created_at) + (way === "before" ? 1 : 0)).toISOString(); // it may be cut to the ms
      const query =
        way === "before"
          ? ({ created_before: at, ordering: "-id" } as const)
          : ({ created_after: at, ordering: "id" } as const);
      const { data } = await cicdExecutionsList({ query: { pipeline, page_size: 20, ...query }, signal });
      return data.results.find((one) => (way === "before" ? one.id < id : one.id > id))?.id ?? null;
    },
  });
}

export function lastLines(id: number, step: string, attempt: number, count: number) {
  return queryOptions({
    queryKey: ["executions", "one", id, "last lines", step, attempt, count],
    queryFn: async ({ signal }) => {
      const { tail, standing } = await logEnd(id, step, attempt, signal);
      const lines = tail === "" ? [] : tail.replace(/\n$/, "").split("\n");
      return { lines: lines.slice(-count), first: standing.lines - Math.min(lines.length, count) + 1 };
    },
  });
}

const TAIL = 64 * 1024; // bytes of a log's end that are shown at once

/** The end of a log, and where it stands: of one moment, also where it grows. */
export async function logEnd(
  id: number,
  step: string,
  attempt: number,
  signal: AbortSignal,
): Promise<{ standing: Standing; start: number; tail: string }> {
  const query = { step, attempt, tail: TAIL };
  const { data, response } = await cicdExecutionsLogsRetrieve({ path: { id }, query, signal, parseAs: "text" });
  const told = (name: string) => Number(response.headers.get(`X-Log-${name}`));
  const standing = { length: told("Length"), lines: told("Lines") };
  return { standing, start: told("Start"), tail: data as unknown as string };
}

export interface ListedLog extends Standing {
  readonly step: string;
  readonly attempt: number;
  readonly ended: boolean;
}

/** How long the log of each attempt is, in the order in which they began. */
export async function allLogs(id: number, signal: AbortSignal): Promise<readonly ListedLog[]> {
  const listed = await cicdExecutionsLogsRetrieve({ path: { id }, signal, parseAs: "json" });
  return (listed.data as unknown as { logs: ListedLog[] }).logs;
}

export async function logLines(
  id: number,
  step: string,
  attempt: number,
  { first, last }: { first: number; last: number },
  signal: AbortSignal,
): Promise<string[]> {
  const query = { step, attempt, first, last };
  const { data } = await cicdExecutionsLogsRetrieve({ path: { id }, query, signal, parseAs: "text" });
  const lines = (data as unknown as string).split("\n");
  lines.pop(); // behind the last newline
  return lines;
}

/** When these lines arrived: of those that have a time of their own, which holds up to the next one's. */
export async function lineTimes(
  id: number,
  step: string,
  attempt: number,
  { first, last }: { first: number; last: number },
  signal: AbortSignal,
): Promise<readonly LineTimeBody[]> {
  const query = { step, attempt, first, last };
  return (await cicdExecutionsLogsTimes({ path: { id }, query, signal })).data.times;
}

/** What the browser saves: the log as it was printed. */
export function rawLog(id: number, step: string, attempt: number): string {
  return `/api/v1/cicd/executions/${id}/logs/download/?${new URLSearchParams({ step, attempt: String(attempt) })}`;
}

export function artifactFile(id: number, step: string, path: string): string {
  return `/api/v1/cicd/executions/${id}/artifacts/${[step, ...path.split("/")].map(encodeURIComponent).join("/")}`;
}
