import { type RefObject, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Folds } from "../model/folds";
import { Heights } from "../model/heights";
import { HIGHEST, Scroll } from "../model/scroll";

export const ROW = 20; // pixels, as in log.module.css
const BLOCK = 16; // rows that come and go together
const BEYOND = 24; // rows drawn above and below what is seen

interface Wanted {
  readonly shown: Folds;
  readonly wraps: boolean;
  /** Whether the times of the lines take some of their width. */
  readonly hasTimes: boolean;
  /** Whether the end is to stay in sight. */
  readonly follows: boolean;
  readonly setFollows: (follows: boolean) => void;
  /** Whether it may begin to follow by itself, when somebody scrolls to the end. */
  readonly grows: boolean;
  /** A line to go to, and something that is another one each time it is asked for. */
  readonly goal: { readonly line: number; readonly at: unknown } | null;
}

export interface Rows {
  readonly frame: RefObject<HTMLDivElement | null>;
  /** As high as all rows together. */
  readonly inner: RefObject<HTMLDivElement | null>;
  readonly first: number;
  readonly last: number;
  readonly height: number;
  readonly topOf: (row: number) => number;
  readonly onScroll: () => void;
}

/** Which rows are in sight, and where they stand. It keeps the end in sight, or the place where somebody reads. */
export function useRows({ shown, wraps, hasTimes, follows, setFollows, grows, goal }: Wanted): Rows {
  const frame = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const scroll = useRef(new Scroll()).current;
  const [view, setView] = useState({ width: 0, height: 600 });
  const [seen, setSeen] = useState({ first: 0, last: 60, origin: 0, measured: 0 });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has been measured holds for these rows in this width
  const heights = useMemo(() => new Heights(ROW), [shown.folds, wraps, wraps ? view.width : 0, wraps && hasTimes]);
  heights.rows = shown.rows;
  /**
   * A line that was asked for. Until somebody scrolls it stays in sight, whatever the lines around it turn out to be, and
   * whatever appears above the log and makes it smaller.
   */
  const aim = useRef<number | null>(null);
  const ours = useRef(0); // where the bar was put, and not by a person

  const tall = useCallback(() => frame.current?.clientHeight || view.height, [view.height]);
  const look = useCallback(() => {
    const [top, end] = [heights.rowAt(scroll.top), heights.rowAt(scroll.top + tall())];
    const first = Math.max(0, BLOCK * Math.floor((top - BEYOND) / BLOCK));
    const last = Math.max(0, Math.min(heights.rows - 1, BLOCK * Math.ceil((end + BEYOND) / BLOCK)));
    const { origin } = scroll;
    setSeen((before) =>
      before.first === first && before.last === last && before.origin === origin
        ? before
        : { ...before, first, last, origin },
    );
  }, [heights, scroll, tall]);
  const goTo = useCallback(
    (top: number) => {
      const bar = scroll.to(top, heights.whole, tall());
      if (inner.current !== null) inner.current.style.height = `${Math.min(heights.whole, HIGHEST)}px`; // else it cannot
      if (frame.current !== null && frame.current.scrollTop !== bar) frame.current.scrollTop = bar;
      ours.current = bar;
      look();
    },
    [heights, scroll, tall, look],
  );
  const goToAim = useCallback(
    (line: number) => goTo(heights.topOf(shown.rowOf(line)) - tall() / 3),
    [goTo, heights, shown, tall],
  );
  const onScroll = () => {
    const { scrollTop = 0 } = frame.current ?? {};
    const before = scroll.top;
    if (Math.abs(scrollTop - ours.current) > 1) aim.current = null;
    scroll.moved(scrollTop, heights.whole, tall());
    const isAtEnd = scroll.top >= heights.whole - tall() - ROW;
    if (follows && scroll.top < before && !isAtEnd) setFollows(false);
    if (!follows && grows && scroll.top > before && isAtEnd) setFollows(true);
    look();
  };

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => setView({ width: element.clientWidth, height: element.clientHeight || 600 });
    measure();
    const watching = new ResizeObserver(measure);
    watching.observe(element);
    return () => watching.disconnect();
  }, []);
  const place = useRef({ shown, heights, tall: view.height });
  useLayoutEffect(() => {
    const before = place.current;
    place.current = { shown, heights, tall: view.height };
    if (follows) return goTo(heights.whole);
    const mayStandElsewhere = before.tall !== view.height || (wraps && before.heights !== heights);
    if (aim.current !== null && mayStandElsewhere) return goToAim(aim.current);
    if (before.heights === heights) return look();
    const row = before.heights.rowAt(scroll.top); // other folds, or another width: what was read stays where it is
    goTo(heights.topOf(shown.rowOf(before.shown.lineOf(row))) + scroll.top - before.heights.topOf(row));
  }, [shown, heights, wraps, follows, view.height, goTo, goToAim, look, scroll]);
  useLayoutEffect(() => {
    if (!wraps || frame.current === null) return;
    let change = 0;
    for (const element of frame.current.querySelectorAll<HTMLElement>("[data-row]")) {
      const row = Number(element.dataset.row);
      const above = heights.topOf(row) < scroll.top;
      const more = heights.set(row, element.offsetHeight);
      if (more === 0) continue;
      change += 1;
      if (above && !follows) scroll.top += more; // what is read does not move
    }
    if (change === 0) return;
    if (!follows && aim.current !== null) goToAim(aim.current);
    else goTo(follows ? heights.whole : scroll.top);
    setSeen((now) => ({ ...now, measured: now.measured + 1 }));
  });
  const isThere = goal !== null && goal.line <= shown.lines;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it goes there when a line is asked for, not whenever the log grows
  useLayoutEffect(() => {
    if (goal === null || !isThere) return;
    aim.current = goal.line;
    const top = heights.topOf(shown.rowOf(goal.line));
    if (top < scroll.top + ROW || top > scroll.top + tall() - 3 * ROW) goToAim(goal.line);
  }, [goal?.at, goal?.line, isThere]);

  const topOf = (row: number) => heights.topOf(row) + seen.origin;
  const last = Math.min(seen.last, shown.rows - 1);
  return { frame, inner, first: seen.first, last, height: Math.min(heights.whole, HIGHEST), topOf, onScroll };
}
