import { expect, test } from "vitest";
import type { ReportBody } from "@/api/generated";
import { coverageOf, placeOf, scanOf, testsOf } from "./report";

const NOTHING: ReportBody = {
  outputs: {},
  tests: null,
  coverage: null,
  scan: null,
  artifacts: [],
  summary: "",
  warnings: [],
};

test("what was not reported is not shown as a number", () => {
  expect([testsOf(NOTHING), coverageOf(NOTHING), scanOf(NOTHING)]).toEqual([null, null, null]);
  expect(coverageOf({ ...NOTHING, coverage: { lines_covered: 0, lines_valid: 0 } })).toBeNull();
});

test("what was left out has nothing to say", () => {
  const report = {
    ...NOTHING,
    tests: { total: 3, failed: 1, failing: [{ name: "adds" }] },
    scan: { findings: [{ file: "a.py", line: 3 }] },
  };
  expect(testsOf(report)).toMatchObject({ total: 3, passed: 0, failing: [{ name: "adds", message: "", line: 0 }] });
  expect(scanOf(report)?.not_checked).toEqual({});
  expect(scanOf(report)?.findings.map(placeOf)).toEqual(["a.py:3"]);
  expect(coverageOf({ ...NOTHING, coverage: { lines_covered: 3, lines_valid: 4 } })).toBe(75);
});
