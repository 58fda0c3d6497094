import { expect, test } from "vitest";
import { Heights } from "./heights";

/** The same, counted row by row. */
function slowly(heights: readonly number[], y: number): number {
  let [row, top] = [0, 0];
  while (row < heights.length - 1 && top + (heights[row] ?? 0) <= y) {
    top += heights[row] ?? 0;
    row += 1;
  }
  return row;
}

test("rows that are all alike stand where they are counted to", () => {
  const heights = new Heights(20, 1_000_000);
  expect([heights.whole, heights.topOf(999_999), heights.rowAt(19_999_999), heights.rowAt(0)]).toEqual([
    20_000_000, 19_999_980, 999_999, 0,
  ]);
});

test("rows of many heights stand where one would find them row by row", () => {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  for (let turn = 0; turn < 40; turn++) {
    const rows = 1 + Math.floor(random() * 120);
    const known = Array.from({ length: rows }, () => 20);
    const heights = new Heights(20, rows);
    for (let change = 0; change < 60; change++) {
      const [row, height] = [Math.floor(random() * rows), 20 * (1 + Math.floor(random() * 6))];
      expect(heights.set(row, height)).toBe(height - (known[row] ?? 0));
      known[row] = height;
    }
    const tops = known.map((_, row) => known.slice(0, row).reduce((sum, one) => sum + one, 0));
    expect(known.map((_, row) => heights.topOf(row))).toEqual(tops);
    expect(heights.whole).toBe(known.reduce((sum, one) => sum + one, 0));
    for (let y = 0; y < heights.whole + 50; y += 7) expect(heights.rowAt(y)).toBe(slowly(known, y));
  }
});

test("rows that are added behind keep what is known of those before", () => {
  const heights = new Heights(20, 3);
  heights.set(1, 60);
  heights.rows = 5_000;
  heights.set(4_000, 40);
  expect([heights.topOf(2), heights.topOf(4_000), heights.rowAt(heights.topOf(4_000) + 39)]).toEqual([
    80, 80_040, 4_000,
  ]);
  expect(heights.whole).toBe(5_000 * 20 + 60);
});
