import { useEffect, useRef, useState } from "react";
import { logEnd, logLines } from "../api";
import type { Live, LogPiece } from "../model/live";
import { LogBook, linesOf } from "../model/log-book";

const AT_ONCE = 2; // pages that are fetched side by side

export interface Log {
  readonly book: LogBook;
  /** Raised whenever lines have come. */
  readonly version: number;
  readonly loading: boolean;
  readonly error: Error | null;
  /** Says which lines are looked at, so that those that are missing are fetched. */
  readonly look: (lines: readonly number[]) => void;
}

/** The log of one attempt: its end at once, what is looked at page by page, and, where it `grows`, what is printed now. */
export function useLog(live: Live | null, id: number, step: string, attempt: number, grows: boolean): Log {
  const [shown, setShown] = useState({ book: new LogBook(), version: 0, loading: true, error: null as Error | null });
  const look = useRef<Log["look"]>(() => undefined);
  useEffect(() => {
    if (live === null) return;
    const gone = new AbortController();
    const book = new LogBook();
    let [frame, loading, error] = [0, true, null as Error | null];
    let begins = false;
    let letGo: () => void = () => undefined;
    const show = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        setShown(({ version }) => ({ book, version: version + 1, loading, error }));
      });
    };
    const failed = (thrown: unknown) => {
      if (gone.signal.aborted) return;
      error = thrown instanceof Error ? thrown : new Error(String(thrown));
      loading = false;
      show();
    };
    const begin = async () => {
      if (begins) return;
      begins = true;
      try {
        if (attempt > 0) {
          const { standing, start, tail } = await logEnd(id, step, attempt, gone.signal);
          book.stand(standing, start, tail);
        }
        loading = false;
        show();
        if (grows && attempt > 0 && !gone.signal.aborted)
          letGo = live.follow({ from: () => ({ [step]: { attempt, offset: book.length } }), take });
      } catch (thrown) {
        failed(thrown);
      } finally {
        begins = false;
      }
    };
    const take = (piece: LogPiece) => {
      if (piece.key !== step || piece.attempt !== attempt) return; // that of the step shown before, or of what follows
      if (book.append(piece)) show();
      else void begin();
    };
    look.current = fetching(book, (lines) => logLines(id, step, attempt, lines, gone.signal), show, failed);
    setShown({ book, version: 0, loading: true, error: null });
    void begin();
    return () => {
      gone.abort();
      cancelAnimationFrame(frame);
      letGo();
    };
  }, [live, id, step, attempt, grows]);
  return { ...shown, look: useRef((lines: readonly number[]) => look.current(lines)).current };
}

/** Fetches what is looked at, a few pages at a time. What was only passed by is not fetched. */
export function fetching(
  book: LogBook,
  read: (lines: { first: number; last: number }) => Promise<string[]>,
  show: () => void,
  failed: (error: unknown) => void,
): Log["look"] {
  const open = new Set<number>();
  let wanted: number[] = [];
  const next = () => {
    for (const page of wanted) {
      if (open.size >= AT_ONCE) return;
      if (open.has(page)) continue;
      open.add(page);
      const lines = linesOf(page);
      read(lines)
        .then((found) => {
          book.put(lines.first, found);
          wanted = wanted.filter((one) => one !== page);
          show();
        }, failed)
        .finally(() => {
          open.delete(page);
          next();
        });
    }
  };
  return (lines) => {
    wanted = book.missing(lines);
    next();
  };
}
