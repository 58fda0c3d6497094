import { expect, test } from "vitest";
import { forecast } from "./forecast";

const BEGAN = "2026-01-01T00:00:00Z";
const now = (seconds: number) => Date.parse(BEGAN) + 1000 * seconds;

test("what has been measured says when it will end, or that it takes longer than usual", () => {
  expect(forecast({ median: 60, of: 3 }, BEGAN, now(20))).toEqual({ kind: "left", seconds: 40, usual: 60 });
  expect(forecast({ median: 60, of: 3 }, BEGAN, now(75))).toEqual({ kind: "late", seconds: 15, usual: 60 });
});

test("what has not been measured, or not often enough, is not known", () => {
  expect(forecast({ median: null, of: 0 }, BEGAN, now(20))).toBe(null);
  expect(forecast({ median: 60, of: 2 }, BEGAN, now(20))).toBe(null);
  expect(forecast({ median: 60, of: 9 }, null, now(20))).toBe(null);
});
