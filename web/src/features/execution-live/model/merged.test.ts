import { expect, test } from "vitest";
import type { LogPiece } from "./live";
import { Merged, type Printing } from "./merged";

function says(key: string, offset: number, text: string, attempt = 1): LogPiece {
  return { key, attempt, offset, end: offset + text.length, text };
}

function shown(merged: Merged): string[] {
  return Array.from({ length: merged.rows }, (_, row) => {
    const place = merged.at(row);
    return place === undefined ? "?" : `${place.source.step}${place.source.attempt}:${place.line}`;
  });
}

test("what was there stands log by log, and what comes stands in the order in which it comes", () => {
  const merged = new Merged();
  merged.begin("a", 1, { length: 4, lines: 2 });
  merged.begin("b", 1, { length: 2, lines: 1 }, 0, "x\n");
  for (const piece of [says("b", 2, "y\n"), says("c", 0, "1\n2\n"), says("b", 4, "z\n"), says("c", 4, "3\n")])
    expect(merged.append(piece)).toBe(true);
  expect(shown(merged)).toEqual(["a1:1", "a1:2", "b1:1", "b1:2", "c1:1", "c1:2", "b1:3", "c1:3"]);
  expect(merged.at(6)?.source.book.line(3)).toBe("z");
  expect([merged.at(-1), merged.at(8)]).toEqual([undefined, undefined]);
});

test("a line stands where it began, and each row is found by its line", () => {
  const merged = new Merged();
  for (const piece of [says("a", 0, "be"), says("b", 0, "one\n"), says("a", 2, "gun\nnext\n")]) merged.append(piece);
  expect(shown(merged)).toEqual(["a1:1", "b1:1", "a1:2"]);
  expect(merged.at(0)?.source.book.line(1)).toBe("begun");
  for (let row = 0; row < merged.rows; row++) {
    const { source, line } = merged.at(row) ?? { source: { step: "", attempt: 0 }, line: 0 };
    expect(merged.rowOf(source.step, source.attempt, line)).toBe(row);
  }
  expect([merged.rowOf("a", 1, 3), merged.rowOf("a", 2, 1), merged.rowOf("c", 1, 1)]).toEqual(Array(3).fill(undefined));
});

test("what comes twice is there once, and a gap is told", () => {
  const merged = new Merged();
  expect(merged.append(says("a", 0, "one\n"))).toBe(true);
  expect(merged.append(says("a", 0, "one\n"))).toBe(true);
  expect(merged.append(says("a", 9, "far\n"))).toBe(false);
  expect(shown(merged)).toEqual(["a1:1"]);
  merged.begin("a", 1, { length: 13, lines: 4 }, 4, "two\nlost\nfar\n");
  expect(shown(merged)).toEqual(["a1:1", "a1:2", "a1:3", "a1:4"]);
});

test("logs are wanted from where they are known, until all of them is here", () => {
  const merged = new Merged();
  merged.begin("over", 1, { length: 4, lines: 2 });
  merged.append(says("retried", 0, "no\n"));
  merged.append(says("running", 0, "hm"));
  const step = (key: string, more: Partial<Printing> = {}): Printing => ({
    key,
    attempt: 1,
    log_bytes: 4,
    isOver: true,
    hasBegun: true,
    ...more,
  });
  const steps = [
    step("over"),
    step("quick"),
    step("silent", { log_bytes: 0 }),
    step("retried", { attempt: 2, log_bytes: 3 }),
    step("running", { isOver: false, log_bytes: 0 }),
    step("queued", { attempt: 0, isOver: false, hasBegun: false, log_bytes: 0 }),
  ];
  expect(merged.wanted(steps)).toEqual({
    quick: { attempt: 1, offset: 0 },
    retried: { attempt: 1, offset: 3 },
    running: { attempt: 1, offset: 2 },
  });
  merged.append(says("retried", 0, "ye\n", 2));
  merged.append(says("quick", 0, "done"));
  expect(Object.keys(merged.wanted(steps))).toEqual(["running"]);
});

test("lines of many steps, one by one, cost no more than so many lines", () => {
  const merged = new Merged();
  const offsets = [0, 0, 0];
  for (let line = 0; line < 300_000; line++) {
    const step = line % 3;
    merged.append(says(String(step), offsets[step] ?? 0, "x\n"));
    offsets[step] = (offsets[step] ?? 0) + 2;
  }
  expect(merged.rows).toBe(300_000);
  expect(merged.rowOf("2", 1, 50_000)).toBe(149_999);
  expect(merged.at(299_999)).toMatchObject({ line: 100_000, source: { step: "2" } });
});

test("of rows it says which lines they are, log by log", () => {
  const merged = new Merged();
  for (const [step, text, offset] of [
    ["a", "1\n2\n", 0],
    ["b", "1\n", 0],
    ["a", "3\n", 4],
  ] as const)
    merged.append(says(step, offset, text));
  const among = (first: number, last: number) =>
    [...merged.among(first, last)].map(([{ step }, lines]) => [step, lines]);
  expect(among(1, 3)).toEqual([
    ["a", [2, 3]],
    ["b", [1]],
  ]);
  expect(among(4, 9)).toEqual([]);
});
