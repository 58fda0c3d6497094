import { expect, test } from "vitest";
import type { AnnotationBody, LogGroupBody } from "@/api/generated";
import { Folds } from "./folds";
import { closedOf, foldsAround, foldsOf, marksOf } from "./outline";

const NOTE = { message: "", title: "", file: "", file_line: 0, file_end_line: 0, column: 0, end_column: 0 };
const note = (line: number, level: AnnotationBody["level"]): AnnotationBody => ({ ...NOTE, line, level });
const group = (line: number, end: number, more: Partial<LogGroupBody> = {}): LogGroupBody => ({
  line,
  end,
  title: `group ${line}`,
  kind: "group",
  level: 0,
  open: false,
  ...more,
});
const WISHES = { opened: new Map<number, boolean>(), seen: [] as number[], closes: true };

test("closed are groups that are to be, and have nothing in them that is looked for", () => {
  const marks = marksOf(
    [group(2, 10), group(12, 20), group(22, 30, { open: true }), group(32, 0), group(42, 50), group(52, 52)],
    [note(15, "error")],
  );
  expect([...closedOf(marks, { ...WISHES, seen: [45] })]).toEqual([2]);
  expect(foldsOf(marks, new Set([2]))).toEqual([{ first: 3, last: 10 }]);
});

test("a hand is stronger than what the log says", () => {
  const marks = marksOf([group(2, 10), group(22, 30, { open: true }), group(32, 0)], []);
  const opened = new Map([
    [2, true],
    [22, false],
    [32, false],
  ]);
  const closed = closedOf(marks, { ...WISHES, opened });
  expect([...closed]).toEqual([22, 32]);
  expect(foldsOf(marks, closed)).toEqual([
    { first: 23, last: 30 },
    { first: 33, last: Number.MAX_SAFE_INTEGER },
  ]);
});

test("while somebody watches a step run, nothing closes by itself", () => {
  expect([...closedOf(marksOf([group(2, 10)], []), { ...WISHES, closes: false })]).toEqual([]);
});

test("problems are the errors, or the warnings where there are none", () => {
  expect(marksOf([], [note(9, "error"), note(3, "warning"), note(4, "error")]).problems).toEqual([4, 9]);
  expect(marksOf([], [note(9, "notice"), note(3, "warning")]).problems).toEqual([3]);
});

test("errors and warnings alone are what the log has marked so, and what somebody has asked for", () => {
  const { wrong } = marksOf([], [note(9, "error"), note(3, "warning"), note(4, "error"), note(6, "notice")]);
  const shown = (count: number, seen: { first: number; last: number } | null = null) => {
    const folds = new Folds(foldsAround(wrong, seen), count);
    return Array.from({ length: folds.rows }, (_, row) => folds.lineOf(row));
  };
  expect(shown(12)).toEqual([3, 4, 9]);
  expect(shown(12, { first: 8, last: 10 })).toEqual([3, 4, 8, 9, 10]);
  expect(shown(1_000_000, { first: 4, last: 4 })).toEqual([3, 4, 9]);
  expect(shown(2)).toEqual([]);
});
