import { expect, test } from "vitest";
import { firstWrong, looksWrong } from "./problems";

test.each([
  "src/shop.ts(12,5): error TS2322: Type 'string' is not assignable",
  "\x1b[31mFAILED\x1b[0m tests/test_shop.py::test_price",
  "Traceback (most recent call last):",
  "E   assert 2 == 3",
  "panic: runtime error: index out of range",
  "make: *** [Makefile:12: all] Error 1",
  "bash: pytset: command not found",
  "ValueError: no price",
  "编译失败",
])("%s is where one looks", (line) => {
  expect(looksWrong(line)).toBe(true);
});

test.each(["12 passed, 0 failed", "0 errors, 3 warnings", "errors: 0", "built in 3.2s", "no failures", ""])(
  "%s is not",
  (line) => {
    expect(looksWrong(line)).toBe(false);
  },
);

test("of several lines the first one near the end counts, of those that are here", () => {
  const lines = ["error long ago", ...Array.from({ length: 600 }, () => "fine"), undefined, "fatal: one", "error: two"];
  expect(firstWrong((number) => lines[number - 1], lines.length)).toBe(603);
  expect(firstWrong(() => "fine", 10)).toBe(0);
});
