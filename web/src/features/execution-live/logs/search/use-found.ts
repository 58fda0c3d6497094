import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { HitBody } from "@/api/generated";
import { found } from "../../api";
import { foundTexts } from "../../model/matches";
import type { ExecutionSearch, Range } from "../../search";

export interface Found {
  readonly hits: readonly HitBody[];
  /** Which of them is shown now, from 0; -1: none. */
  readonly at: number;
  /** Whether there may be more than these. */
  readonly more: boolean;
  readonly fetchMore: () => void;
  readonly busy: boolean;
  readonly error: Error | null;
  /** What was found in the lines of one log. */
  readonly inLog: (step: string, attempt: number) => ReadonlyMap<number, readonly string[]>;
}

/** Lines with the words of the address, in the logs of all steps. The server looks for them. */
export function useFound(id: number, search: ExecutionSearch, step: string, marked: Range | null): Found {
  const { find = "", regex = false, capitals = false } = search;
  const query = useInfiniteQuery(found(id, { find, regex, capitals }));
  const hits = useMemo(() => query.data?.pages.flatMap(({ results }) => results) ?? [], [query.data]);
  const byLog = useMemo(() => {
    const logs = new Map<string, Map<number, readonly string[]>>();
    for (const hit of hits) {
      const log = logs.get(`${hit.attempt} ${hit.step}`) ?? new Map<number, readonly string[]>();
      logs.set(`${hit.attempt} ${hit.step}`, log.set(hit.line, foundTexts(hit.text, hit.matches)));
    }
    return logs;
  }, [hits]);
  return {
    hits,
    at: marked === null ? -1 : hits.findIndex((hit) => hit.step === step && hit.line === marked.first),
    more: query.hasNextPage,
    fetchMore: () => void query.fetchNextPage(),
    busy: query.isFetching,
    error: query.error,
    inLog: (key, attempt) => byLog.get(`${attempt} ${key}`) ?? NOTHING,
  };
}

const NOTHING: ReadonlyMap<number, readonly string[]> = new Map();
