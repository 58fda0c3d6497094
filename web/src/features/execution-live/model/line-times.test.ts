import { expect, test } from "vitest";
import { LineTimes } from "./line-times";
import { MOST_PAGES, PAGE } from "./log-book";

const at = (second: number) => ({ at: new Date(second * 1000).toISOString() });

test("a line has the time of the last one before it that has its own", () => {
  const times = new LineTimes();
  times.put({ first: 1, last: 9 }, [
    { line: 3, ...at(10) },
    { line: 7, ...at(20) },
  ]);
  expect([1, 2, 3, 6, 7, 9].map((line) => times.of(line))).toEqual([
    "unknown",
    "unknown",
    10_000,
    10_000,
    20_000,
    20_000,
  ]);
  expect(times.of(10)).toBe("yet");
});

test("what is looked at is asked for by pages, and of a page that grows only the rest", () => {
  const times = new LineTimes();
  expect(times.missing([5, 6, PAGE + 1, 4 * PAGE + 3], 4 * PAGE + 10)).toEqual([
    { first: 1, last: PAGE },
    { first: PAGE + 1, last: 2 * PAGE },
    { first: 4 * PAGE + 1, last: 4 * PAGE + 10 },
  ]);
  times.put({ first: 4 * PAGE + 1, last: 4 * PAGE + 10 }, [{ line: 4 * PAGE + 1, ...at(1) }]);
  expect(times.missing([4 * PAGE + 10], 4 * PAGE + 10)).toEqual([]);
  const grown = { first: 4 * PAGE + 11, last: 4 * PAGE + 12 };
  expect(times.missing([4 * PAGE + 10, 4 * PAGE + 12], 4 * PAGE + 12)).toEqual([grown]);
  times.put(grown, [
    { line: 4 * PAGE + 11, ...at(1) },
    { line: 4 * PAGE + 12, ...at(2) },
  ]);
  expect([10, 11, 12, 13].map((line) => times.of(4 * PAGE + line))).toEqual([1_000, 1_000, 2_000, "yet"]);
});

test("a line that has not come is not asked for", () => {
  expect(new LineTimes().missing([1, 2], 0)).toEqual([]);
});

test("of a log of a million lines as many pages are kept as of its lines", () => {
  const times = new LineTimes();
  for (let page = 0; page < MOST_PAGES + 1; page++)
    times.put({ first: page * PAGE + 1, last: (page + 1) * PAGE }, [{ line: page * PAGE + 1, ...at(page) }]);
  expect(times.of(1)).toBe("yet");
  expect(times.of(PAGE + 1)).toBe(1_000);
  expect(times.of((MOST_PAGES + 1) * PAGE)).toBe(MOST_PAGES * 1_000);
});
