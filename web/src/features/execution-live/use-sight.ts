import { type RefObject, useLayoutEffect, useState } from "react";

/** What is seen of something that scrolls, in pixels, with as much again around it. */
export interface Sight {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const BLOCK = 200; // pixels by which it changes
const FIRST: Sight = { left: 0, top: 0, right: 2_000, bottom: 1_500 };

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

function down(pixels: number): number {
  return BLOCK * Math.floor(pixels / BLOCK);
}
