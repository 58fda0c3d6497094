import type { ListedExecutionBody } from "@/api/generated";
import { taken } from "@/lib/time";

export const MOST_BARS = 30;
const LEAST_HEIGHT = 8; // per cent: also the shortest is seen and hit

export interface Bar {
  readonly execution: ListedExecutionBody;
  /** Per cent of the room there is. */
  readonly height: number;
  /** null: it has not begun, or never did. */
  readonly seconds: number | null;
}

/** The last executions, oldest first; as high as each took, against the longest of them. */
export function barsOf(newestFirst: readonly ListedExecutionBody[], now: number): readonly Bar[] {
  const shown = newestFirst.slice(0, MOST_BARS).map((execution) => ({ execution, seconds: taken(execution, now) }));
  const longest = Math.max(...shown.map(({ seconds }) => seconds ?? 0), 0);
  return shown.reverse().map(({ execution, seconds }) => ({ execution, seconds, height: height(seconds, longest) }));
}

function height(seconds: number | null, longest: number): number {
  if (seconds === null || longest === 0) return LEAST_HEIGHT;
  return LEAST_HEIGHT + (1 - LEAST_HEIGHT / 100) * (seconds / longest) * 100;
}
