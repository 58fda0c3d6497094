import { expect, test } from "vitest";
import { Folds } from "./folds";

test("without folds each line has its row", () => {
  const folds = new Folds([], 5);
  expect([folds.rows, folds.lineOf(0), folds.lineOf(4), folds.rowOf(5)]).toEqual([5, 1, 5, 4]);
});

test("what is folded takes no row, also where folds lie within each other", () => {
  const folds = new Folds(
    [
      { first: 8, last: 9 },
      { first: 3, last: 5 },
      { first: 4, last: 5 },
    ],
    10,
  );
  const shown = Array.from({ length: folds.rows }, (_, row) => folds.lineOf(row));
  expect(shown).toEqual([1, 2, 6, 7, 10]);
  for (const [row, line] of shown.entries()) expect(folds.rowOf(line)).toBe(row);
  expect([3, 4, 5, 8, 9].map((line) => folds.rowOf(line))).toEqual([1, 1, 1, 3, 3]);
});

test("rows and lines agree for random folds", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let play = 0; play < 300; play++) {
    const lines = 1 + random(40);
    const some = Array.from({ length: random(6) }, () => ({ first: 1 + random(lines), last: random(lines + 5) }));
    const hidden = new Set(some.flatMap(({ first, last }) => range(first, Math.min(last, lines))));
    const left = range(1, lines).filter((line) => !hidden.has(line));
    const folds = new Folds(some, lines);
    expect(Array.from({ length: folds.rows }, (_, row) => folds.lineOf(row))).toEqual(left);
    for (const [row, line] of left.entries()) expect(folds.rowOf(line)).toBe(row);
  }
});

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
}
