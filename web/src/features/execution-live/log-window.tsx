import { type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./log.module.css";
import { LogLine } from "./log-line";
import { type Fold, Folds } from "./model/folds";
import type { LogBook } from "./model/log-book";
import type { Range } from "./search";

const ROW = 20; // pixels, as in log.module.css
const BEYOND = 30; // rows drawn above and below what is seen

interface LogWindowProps {
  book: LogBook;
  version: number;
  folds: readonly Fold[];
  marked: Range | null;
  tones: ReadonlyMap<number, "error" | "warning" | "notice">;
  follows: boolean;
  setFollows: (follows: boolean) => void;
  pick: (number: number, more: boolean) => void;
  look: (first: number, last: number) => void;
  label: string;
  empty: ReactNode;
}

/** The rows that are in sight, and a few around them, of however many there are. */
export function LogWindow({
  book,
  version,
  folds,
  marked,
  tones,
  follows,
  setFollows,
  pick,
  look,
  label,
  empty,
}: LogWindowProps) {
  const { t } = useTranslation("execution-live");
  const frame = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: 600 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the book is the same one when it grows
  const shown = useMemo(() => new Folds(folds, book.count), [folds, book, version]);
  const first = Math.max(0, Math.floor(seen.top / ROW) - BEYOND);
  const last = Math.min(shown.rows - 1, Math.ceil((seen.top + seen.height) / ROW) + BEYOND);
  const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => shown.lineOf(first + at));

  const measure = useCallback(() => {
    const { scrollTop = 0, clientHeight = 0 } = frame.current ?? {};
    setSeen((before) =>
      before.top === scrollTop && before.height === clientHeight ? before : { top: scrollTop, height: clientHeight },
    );
  }, []);
  useLayoutEffect(() => {
    measure();
    const watching = new ResizeObserver(measure);
    if (frame.current !== null) watching.observe(frame.current);
    return () => watching.disconnect();
  }, [measure]);
  useEffect(() => {
    const [from, to] = [numbers[0], numbers.at(-1)];
    if (from !== undefined && to !== undefined) look(from, to);
  });
  useLayoutEffect(() => {
    if (follows && frame.current !== null) frame.current.scrollTop = shown.rows * ROW;
  }, [follows, shown]);
  const wanted = marked?.first;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes there when the line is named, not whenever the log grows
  useLayoutEffect(() => {
    if (wanted === undefined || frame.current === null || book.count < wanted) return;
    const top = shown.rowOf(wanted) * ROW;
    const { scrollTop, clientHeight } = frame.current;
    if (top < scrollTop || top > scrollTop + clientHeight - 2 * ROW) frame.current.scrollTop = top - clientHeight / 3;
  }, [wanted, book, book.count >= (wanted ?? 0)]);

  const newLines = useNewLines(follows, book.count);
  return (
    <div className={styles.around}>
      <div
        ref={frame}
        className={styles.frame}
        role="log"
        aria-label={label}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        tabIndex={0}
        onScroll={measure}
        onWheel={({ deltaY }) => deltaY < 0 && setFollows(false)}
        onTouchMove={() => setFollows(false)}
        onKeyDown={({ key }) => (key === "ArrowUp" || key === "PageUp" || key === "Home") && setFollows(false)}
      >
        {book.count === 0 ? <div className={styles.empty}>{empty}</div> : null}
        <div className={styles.lines} style={{ height: shown.rows * ROW }}>
          {numbers.map((number, at) => (
            <LogLine
              key={number}
              number={number}
              text={book.line(number)}
              marked={marked !== null && number >= marked.first && number <= marked.last}
              tone={tones.get(number)}
              top={(first + at) * ROW}
              pick={pick}
            />
          ))}
        </div>
      </div>
      {newLines > 0 ? (
        <button type="button" className={styles.pill} onClick={() => setFollows(true)}>
          ↓ {t("new_lines", { count: newLines })}
        </button>
      ) : null}
    </div>
  );
}

/** How many have come since the log was last followed. */
function useNewLines(follows: boolean, count: number): number {
  const [left, setLeft] = useState(count);
  useEffect(() => {
    if (follows) setLeft(count);
  }, [follows, count]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where one is when one lets go of the end
  useEffect(() => {
    if (!follows) setLeft(count);
  }, [follows]);
  return follows ? 0 : Math.max(0, count - left);
}
