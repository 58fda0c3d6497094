import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import {
  approvalsList,
  cicdExecutionsArtifactsList,
  cicdExecutionsLogsRetrieve,
  cicdExecutionsRetrieve,
  cicdExecutionsStepsStep,
  cicdExecutionsWhy,
} from "@/api/generated";
import type { Standing } from "./model/log-book";

export function execution(id: number) {
  return queryOptions({
    queryKey: ["executions", "one", id],
    staleTime: Number.POSITIVE_INFINITY, // the socket says what changes
    gcTime: 0,
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

export function artifacts(id: number, count: number) {
  return queryOptions({
    queryKey: ["executions", "one", id, "artifacts", count],
    queryFn: async ({ signal }) => (await cicdExecutionsArtifactsList({ path: { id }, signal })).data,
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

const TAIL = 64 * 1024; // bytes of a log's end that are shown at once

/** Where a log stands now, with its end; null while it has none. */
export async function logEnd(
  id: number,
  step: string,
  attempt: number,
  signal: AbortSignal,
): Promise<{ standing: Standing; start: number; tail: string } | null> {
  const listed = await cicdExecutionsLogsRetrieve({ path: { id }, signal, parseAs: "json" });
  const { logs } = listed.data as unknown as { logs: (Standing & { step: string; attempt: number })[] };
  const standing = logs.find((one) => one.step === step && one.attempt === attempt);
  if (standing === undefined) return null;
  const start = Math.max(0, standing.length - TAIL);
  const tail = await text(id, { step, attempt, start, end: standing.length }, signal);
  return { standing, start, tail };
}

export async function logLines(
  id: number,
  step: string,
  attempt: number,
  { first, last }: { first: number; last: number },
  signal: AbortSignal,
): Promise<string[]> {
  const lines = (await text(id, { step, attempt, first, last }, signal)).split("\n");
  lines.pop(); // behind the last newline
  return lines;
}

async function text(
  id: number,
  query: { step: string; attempt: number; start?: number; end?: number; first?: number; last?: number },
  signal: AbortSignal,
): Promise<string> {
  const { data } = await cicdExecutionsLogsRetrieve({ path: { id }, query, signal, parseAs: "text" });
  return data as unknown as string;
}

/** What the browser saves: the log as it was printed. */
export function rawLog(id: number, step: string, attempt: number): string {
  return `/api/v1/cicd/executions/${id}/logs/?${new URLSearchParams({ step, attempt: String(attempt) })}`;
}

export function artifactFile(id: number, step: string, path: string): string {
  return `/api/v1/cicd/executions/${id}/artifacts/${[step, ...path.split("/")].map(encodeURIComponent).join("/")}`;
}
