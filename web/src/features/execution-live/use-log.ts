import { useEffect, useRef, useState } from "react";
import { logEnd, logLines } from "./api";
import type { Live, LogPiece } from "./model/live";
import { LogBook, linesOf } from "./model/log-book";

export interface Log {
  readonly book: LogBook;
  /** Raised whenever lines have come. */
  readonly version: number;
  readonly loading: boolean;
  readonly error: Error | null;
  /** Says which lines are looked at, so that those that are missing are fetched. */
  readonly look: (first: number, last: number) => void;
}

/** The log of one attempt: its end at once, what is looked at page by page, and what is printed from now on. */
export function useLog(live: Live | null, id: number, step: string, attempt: number): Log {
  const [shown, setShown] = useState({ book: new LogBook(), version: 0, loading: true, error: null as Error | null });
  const look = useRef<Log["look"]>(() => undefined);
  useEffect(() => {
    if (live === null) return;
    const gone = new AbortController();
    const book = new LogBook();
    const fetching = new Set<number>();
    let [frame, loading, error] = [0, true, null as Error | null];
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
      const end = attempt === 0 ? null : await logEnd(id, step, attempt, gone.signal);
      if (end !== null) book.stand(end.standing, end.start, end.tail);
      loading = false;
      show();
      live.follow({ step, attempt, offset: () => book.length, take });
    };
    const take = (piece: LogPiece) => {
      if (book.append(piece.offset, piece.end, piece.text)) show();
      else begin().catch(failed);
    };
    look.current = (first, last) => {
      for (const page of book.missing(first, last)) {
        if (fetching.has(page)) continue;
        fetching.add(page);
        const lines = linesOf(page);
        logLines(id, step, attempt, lines, gone.signal)
          .then((found) => {
            book.put(lines.first, found);
            show();
          }, failed)
          .finally(() => fetching.delete(page));
      }
    };
    setShown({ book, version: 0, loading: true, error: null });
    begin().catch(failed);
    return () => {
      gone.abort();
      cancelAnimationFrame(frame);
      live.follow(null);
    };
  }, [live, id, step, attempt]);
  return { ...shown, look: (first, last) => look.current(first, last) };
}
