import { expect, test } from "vitest";
import type { TypeBody } from "@/api/generated";
import { added, changed, type Row, removed, stepsOf } from "./rows";

const row = (id: number, needs: number[] = []): Row => ({
  id,
  name: `s${id}`,
  step_type: "custom",
  run: "",
  parameters: {},
  needs,
});

test("a new step waits for the one before it", () => {
  const rows = added(added([]));
  expect(rows.map(({ id, needs }) => [id, needs])).toEqual([
    [1, []],
    [2, [1]],
  ]);
});

test("when a step goes, who waited for it waits for what it waited for", () => {
  expect(removed([row(1), row(2, [1]), row(3, [2, 1])], 2)).toEqual([row(1), row(3, [1])]);
});

test("steps name what they wait for, also after a step was renamed", () => {
  const rows = changed([row(1), row(2, [1])], 1, { name: " build ", step_type: "build", run: "make" });
  expect(stepsOf(rows, [])).toEqual([
    { name: "build", step_type: "build", dependencies: [], run: "make" },
    { name: "s2", step_type: "custom", dependencies: ["build"] },
  ]);
});

test("parameters have the types that the step type wants, and those of another type are not sent", () => {
  const test_type = {
    name: "test",
    parameters: {
      properties: {
        min_coverage: { anyOf: [{ type: "number" }] },
        strict: { type: "boolean" },
        paths: { anyOf: [{ type: "string" }, { type: "array" }] },
        tool: { enum: ["pytest"] },
      },
    },
  } as unknown as TypeBody;
  const parameters = { min_coverage: "80", strict: "false", paths: "a, b", tool: "", target: "of another type" };
  const [step] = stepsOf([{ ...row(1), step_type: "test", parameters }], [test_type]);
  expect(step?.parameters).toEqual({ min_coverage: 80, strict: false, paths: ["a", "b"] });
});
