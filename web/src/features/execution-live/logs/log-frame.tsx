import type { ReactNode } from "react";
import styles from "./log.module.css";
import { NewLines } from "./new-lines";
import type { Reading } from "./reading";
import type { Rows } from "./use-rows";

interface LogFrameProps {
  rows: Rows;
  count: number;
  /** Nothing of it is shown. */
  isEmpty: boolean;
  reading: Reading;
  grows: boolean;
  label: string;
  empty: ReactNode;
  children: ReactNode;
}

const UP: ReadonlySet<string> = new Set(["ArrowUp", "PageUp", "Home"]);

/** What the lines of a log scroll in. Whoever goes up follows the log no more. */
export function LogFrame({ rows, count, isEmpty, reading, grows, label, empty, children }: LogFrameProps) {
  const { wraps, follows, setFollows } = reading;
  return (
    <div className={styles.around}>
      <div
        ref={rows.frame}
        className={styles.frame}
        data-wrap={wraps}
        role="log"
        aria-label={label}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        tabIndex={0}
        onScroll={rows.onScroll}
        onWheel={({ deltaY }) => deltaY < 0 && follows && setFollows(false)}
        onKeyDown={({ key }) => follows && UP.has(key) && setFollows(false)}
      >
        {isEmpty ? <div className={styles.empty}>{empty}</div> : null}
        <div ref={rows.inner} className={styles.lines} style={{ height: rows.height }}>
          {children}
        </div>
      </div>
      <NewLines follows={follows} count={count} grows={grows} go={() => setFollows(true)} />
    </div>
  );
}

/** Rows that come into sight are drawn in the place of those that have left it, which is faster than anew. */
export function slotOf(row: number): number {
  return row % 512; // far more than are ever drawn
}
