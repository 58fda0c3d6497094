import { expect, test } from "vitest";
import type { ListedExecutionBody } from "@/api/generated";
import { barsOf, MOST_BARS } from "./bars";

const NOW = Date.parse("2026-11-29T12:00:00Z");

function execution(number: number, seconds: number | null): ListedExecutionBody {
  const started_at = seconds === null ? null : "2026-11-29T11:00:00Z";
  const ended_at =
    seconds === null ? null : new Date(Date.parse("2026-11-29T11:00:00Z") + seconds * 1000).toISOString();
  return { number, started_at, ended_at } as ListedExecutionBody;
}

test("the oldest stands first, and the longest fills the room", () => {
  const bars = barsOf([execution(3, 30), execution(2, 60), execution(1, 0)], NOW);
  expect(bars.map((bar) => bar.execution.number)).toEqual([1, 2, 3]);
  expect(bars.map((bar) => bar.height)).toEqual([8, 100, 54]);
});

test("what has not begun has no duration, and can still be pressed", () => {
  expect(barsOf([execution(1, null)], NOW)).toMatchObject([{ seconds: null, height: 8 }]);
});

test("no more are shown than can be told apart", () => {
  const many = Array.from({ length: 50 }, (_, at) => execution(50 - at, 1));
  expect(barsOf(many, NOW)).toHaveLength(MOST_BARS);
  expect(barsOf(many, NOW)[0]?.execution.number).toBe(21);
});

test("nothing has run: no bars", () => {
  expect(barsOf([], NOW)).toEqual([]);
});
