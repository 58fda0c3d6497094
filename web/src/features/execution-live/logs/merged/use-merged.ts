import { useEffect, useRef, useState } from "react";
import type { StepExecutionBody } from "@/api/generated";
import { STEP_LOOK } from "@/lib/status";
import { allLogs, logEnd, logLines } from "../../api";
import type { Following, Live, LogPiece } from "../../model/live";
import { Merged, type Printing, type Source } from "../../model/merged";
import { fetching, type Log } from "../use-log";

const SECOND = 1_000;
const ASKED_ANEW = 200; // milliseconds between two subscriptions, at least

export interface AllLogs {
  readonly merged: Merged;
  /** Raised whenever lines have come. */
  readonly version: number;
  readonly loading: boolean;
  readonly error: Error | null;
  /** Rows that were there before anything came while somebody looked. */
  readonly before: number;
  /** Says which rows are looked at, so that those that are missing are fetched. */
  readonly look: (first: number, last: number) => void;
}

/** The logs of all steps as one: those that are there, one after the other, then what comes. */
export function useMerged(live: Live | null, id: number): AllLogs {
  const [shown, setShown] = useState<Omit<AllLogs, "look">>(() => begun(new Merged()));
  const look = useRef<AllLogs["look"]>(() => undefined);
  useEffect(() => {
    if (live === null) return;
    const gone = new AbortController();
    const merged = new Merged();
    let [frame, loading, error, before] = [0, true, null as Error | null, 0];
    let [timer, subscribed] = [0, ""];
    let ends: (() => void)[] = [];
    const show = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setShown(({ version }) => ({ merged, version: version + 1, loading, error, before }));
      });
    };
    const failed = (thrown: unknown) => {
      if (gone.signal.aborted) return;
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
      loading = false;
      show();
    };
    const stand = async (step: string, attempt: number) => {
      const { standing, start, tail } = await logEnd(id, step, attempt, gone.signal);
      merged.begin(step, attempt, standing, start, tail);
      show();
    };
    const take = (piece: LogPiece) => {
      if (merged.append(piece)) show();
      else stand(piece.key, piece.attempt).catch(failed);
    };
    const wanted = () => merged.wanted(live.view.execution.step_executions.map(printing));
    const following: Following = { from: wanted, take };
    /** Steps have begun, or all of a log is here: others are wanted now. */
    const ask = () => {
      timer = 0;
      const steps = Object.keys(wanted()).join("\n");
      if (steps !== subscribed) live.again(following);
      subscribed = steps;
    };
    const begin = async () => {
      for (const { step, attempt, ended, ...standing } of await allLogs(id, gone.signal))
        if (ended) merged.begin(step, attempt, standing);
        else await stand(step, attempt);
      if (gone.signal.aborted) return;
      [loading, before] = [false, merged.rows];
      show();
      ends = [
        live.follow(following),
        live.listen(() => {
          timer ||= window.setTimeout(ask, ASKED_ANEW);
        }),
      ];
    };
    look.current = looking(merged, id, gone.signal, show, failed);
    setShown(begun(merged));
    begin().catch(failed);
    return () => {
      gone.abort();
      cancelAnimationFrame(frame);
      window.clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [live, id]);
  return { ...shown, look: useRef((first: number, last: number) => look.current(first, last)).current };
}

function begun(merged: Merged): Omit<AllLogs, "look"> {
  return { merged, version: 0, loading: true, error: null, before: 0 };
}

/** A step that has just ended may have bytes that nobody has counted yet. */
function printing({ key, attempt, status, log_bytes, ended_at }: StepExecutionBody): Printing {
  const isOver = STEP_LOOK[status].final && (ended_at === null || Date.now() - Date.parse(ended_at) > 5 * SECOND);
  return { key, attempt, log_bytes, isOver, hasBegun: attempt > 0 };
}

/** Fetches the lines of the rows that are looked at, out of the logs in which they stand. */
function looking(
  merged: Merged,
  id: number,
  gone: AbortSignal,
  show: () => void,
  failed: (error: unknown) => void,
): AllLogs["look"] {
  const looks = new Map<Source, Log["look"]>();
  const of = (source: Source) => {
    const { step, attempt, book } = source;
    const found =
      looks.get(source) ?? fetching(book, (lines) => logLines(id, step, attempt, lines, gone), show, failed);
    looks.set(source, found);
    return found;
  };
  return (first, last) => {
    for (const [source, lines] of merged.among(first, last)) {
      merged.looksAt(source);
      of(source)(lines);
    }
  };
}
