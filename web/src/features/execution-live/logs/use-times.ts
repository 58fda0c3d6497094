import { useEffect, useMemo, useRef, useState } from "react";
import { lineTimes } from "../api";
import { type Lines, LineTimes, type Moment } from "../model/line-times";

const AT_ONCE = 2; // pages that are asked for side by side
const BETWEEN = 250; // milliseconds before more is asked for: new lines come twenty times a second
const AGAIN = 5_000; // milliseconds after which what failed is tried again

export interface Times {
  readonly of: (step: string, attempt: number, line: number) => Moment;
  /** Says which lines are looked at, so that their times are fetched. `count` is how many there are. */
  readonly look: (step: string, attempt: number, lines: readonly number[], count: number) => void;
  /** Raised whenever times have come. */
  readonly version: number;
  readonly error: Error | null;
}

interface Sight {
  readonly step: string;
  readonly attempt: number;
  readonly lines: readonly number[];
  readonly count: number;
}

/** When the lines that somebody looks at arrived; null while nobody wants to know. */
export function useTimes(id: number, isShown: boolean): Times | null {
  const [{ version, error }, setShown] = useState({ version: 0, error: null as Error | null });
  const of = useRef<Times["of"]>(() => "yet");
  const look = useRef<Times["look"]>(() => undefined);
  useEffect(() => {
    if (!isShown) return;
    const gone = new AbortController();
    const known = new Map<string, LineTimes>();
    const sights = new Map<string, Sight>();
    const open = new Set<string>();
    let [timer, error] = [0, null as Error | null];
    const timesOf = (key: string) => {
      const found = known.get(key) ?? new LineTimes();
      known.set(key, found);
      return found;
    };
    const fetch = async (key: string, { step, attempt }: Sight, lines: Lines) => {
      const place = `${key} ${lines.first}`;
      open.add(place);
      try {
        timesOf(key).put(lines, await lineTimes(id, step, attempt, lines, gone.signal));
        error = null;
      } catch (thrown) {
        error = thrown instanceof Error ? thrown : new Error(String(thrown));
      } finally {
        open.delete(place);
      }
      if (gone.signal.aborted) return;
      setShown(({ version }) => ({ version: version + 1, error }));
      timer ||= window.setTimeout(next, error === null ? BETWEEN : AGAIN);
    };
    const next = () => {
      timer = 0;
      for (const [key, sight] of sights)
        for (const lines of timesOf(key).missing(sight.lines, sight.count))
          if (open.size < AT_ONCE && !open.has(`${key} ${lines.first}`)) void fetch(key, sight, lines);
    };
    of.current = (step, attempt, line) => known.get(keyOf(step, attempt))?.of(line) ?? "yet";
    look.current = (step, attempt, lines, count) => {
      sights.set(keyOf(step, attempt), { step, attempt, lines, count });
      if (timer === 0) next();
    };
    setShown(({ version }) => ({ version: version + 1, error: null }));
    return () => {
      gone.abort();
      window.clearTimeout(timer);
      of.current = () => "yet";
      look.current = () => undefined;
    };
  }, [id, isShown]);
  return useMemo(
    () => (isShown ? { of: of.current, look: look.current, version, error } : null),
    [isShown, version, error],
  );
}

function keyOf(step: string, attempt: number): string {
  return `${attempt} ${step}`;
}
