import { type RefObject, useEffect, useLayoutEffect, useState } from "react";

/** What is seen of something that scrolls, in pixels, with as much again around it. */
export interface Sight {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const BLOCK = 200; // pixels by which it changes
const FIRST: Sight = { left: 0, top: 0, right: 0, bottom: 0 }; // until it has been looked at, before anything is painted

/** So that of a thousand steps only those are drawn that may be seen. */
export function useSight(scroll: RefObject<HTMLElement | null>): Sight {
  const [sight, setSight] = useState(FIRST);
  useLayoutEffect(() => {
    const element = scroll.current;
    if (element === null) return;
    const look = () => {
      const { scrollLeft, scrollTop, clientWidth, clientHeight } = element;
      const [left, top] = [down(scrollLeft - clientWidth / 2), down(scrollTop - clientHeight / 2)];
      const next = {
        left,
        top,
        right: left + down(2 * clientWidth) + 2 * BLOCK,
        bottom: top + down(2 * clientHeight) + 2 * BLOCK,
      };
      setSight((now) =>
        Object.keys(next).every((side) => now[side as keyof Sight] === next[side as keyof Sight]) ? now : next,
      );
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const watching = new ResizeObserver(look);
    watching.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      watching.disconnect();
    };
  }, [scroll]);
  return sight;
}

const ROW = 28; // pixels, as in steps.module.css

interface Rows {
  readonly first: number;
  readonly last: number;
  /** What stands in for the rows that are not drawn. */
  readonly style: { readonly paddingTop: number; readonly paddingBottom: number };
}

/** Which of so many rows to draw. The one at `chosen` is scrolled to; `head` pixels above the rows stay where they are. */
export function useRowsInSight(scroll: RefObject<HTMLElement | null>, all: number, chosen: number, head = 0): Rows {
  const sight = useSight(scroll);
  useEffect(() => {
    const frame = scroll.current;
    if (frame === null || chosen < 0) return;
    const end = head + (chosen + 1) * ROW - frame.clientHeight;
    frame.scrollTop = Math.min(chosen * ROW, Math.max(frame.scrollTop, end));
  }, [scroll, chosen, head]);
  const first = Math.max(0, Math.floor(sight.top / ROW));
  const last = Math.ceil(sight.bottom / ROW);
  return { first, last, style: { paddingTop: first * ROW, paddingBottom: Math.max(0, all - last) * ROW } };
}

function down(pixels: number): number {
  return BLOCK * Math.floor(pixels / BLOCK);
}
