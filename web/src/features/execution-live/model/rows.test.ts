import { expect, test } from "vitest";
import type { StepExecutionBody } from "@/api/generated";
import { type Row, rowsOf } from "./rows";

function step(key: string, group = "", status: StepExecutionBody["status"] = "success"): StepExecutionBody {
  return { key, name: "", group, status, matrix: {}, reason: "", allowed_failure: false } as StepExecutionBody;
}

const STEPS = [
  step("build"),
  step("unit-1", "unit"),
  step("unit-2", "unit", "failed"),
  step("unit-3", "unit", "running"),
  step("ship"),
];
const NONE: ReadonlySet<string> = new Set();
const said = (rows: readonly Row[]) =>
  rows.map((row) => (row.kind === "step" ? row.step.key : `${row.name}/${row.done}/${row.all}/${row.failed}`));

test("the steps of a group stand below its name, with how many have ended and failed", () => {
  expect(said(rowsOf(STEPS, NONE, null))).toEqual(["build", "unit/2/3/1", "unit-1", "unit-2", "unit-3", "ship"]);
});

test("a closed group still says how it goes", () => {
  expect(said(rowsOf(STEPS, new Set(["unit"]), null))).toEqual(["build", "unit/2/3/1", "ship"]);
});

test("what is looked for is found in closed groups, too", () => {
  const failed = (one: StepExecutionBody) => one.status === "failed";
  expect(said(rowsOf(STEPS, new Set(["unit"]), failed))).toEqual(["unit/2/3/1", "unit-2"]);
});

test("the legs of a matrix stand under their name", () => {
  const legs = ["a", "b"].map((tool) => ({ ...step(`lint (tool=${tool})`), matrix: { tool } }));
  expect(said(rowsOf(legs, NONE, null))).toEqual(["lint/2/2/0", "lint (tool=a)", "lint (tool=b)"]);
});
