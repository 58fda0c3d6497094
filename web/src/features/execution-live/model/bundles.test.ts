import { expect, test } from "vitest";
import type { StepExecutionBody } from "@/api/generated";
import { boxesOf, boxOf, bundlesOf, sampleOf } from "./bundles";

function step(key: string, more: Partial<StepExecutionBody> = {}): StepExecutionBody {
  return { key, needs: [], group: "", matrix: {}, status: "success", reason: "", ...more } as StepExecutionBody;
}

const leg = (tool: string, more: Partial<StepExecutionBody> = {}) =>
  step(`lint (tool=${tool})`, { matrix: { tool }, needs: ["source"], ...more });
const STEPS = [
  step("source"),
  leg("a"),
  leg("b", { status: "failed", reason: "exit_code" }),
  leg("c", { status: "running" }),
  step("alone", { group: "one", needs: ["lint"] }),
  step("publish", { needs: ["lint", "alone"] }),
];

test("groups and matrices of several steps are bundles", () => {
  expect(bundlesOf(STEPS).map(({ name, steps }) => [name, steps.length])).toEqual([["lint", 3]]);
});

test("a closed bundle is one box between what it needs and what needs it", () => {
  expect(boxesOf(STEPS, new Set(["lint"]))).toEqual([
    { key: "source", needs: [] },
    { key: boxOf("lint"), needs: ["source"] },
    { key: "alone", needs: [boxOf("lint")] },
    { key: "publish", needs: [boxOf("lint"), "alone"] },
  ]);
  expect(boxesOf(STEPS, new Set()).map(({ key }) => key)).toEqual(STEPS.map(({ key }) => key));
});

test("steps of a closed group that need each other need nothing of themselves", () => {
  const steps = [step("a", { group: "g" }), step("b", { group: "g", needs: ["a"] }), step("c", { needs: ["g"] })];
  expect(boxesOf(steps, new Set(["g"]))).toEqual([
    { key: boxOf("g"), needs: [] },
    { key: "c", needs: [boxOf("g")] },
  ]);
});

test("it looks as the worst of its steps does", () => {
  const [lint] = bundlesOf(STEPS);
  if (lint === undefined) throw new Error("no bundle");
  expect(sampleOf(lint)).toMatchObject({ failed: 1, sample: { key: "lint (tool=b)" } });
  const good = { ...lint, steps: lint.steps.filter(({ status }) => status !== "failed") };
  expect(sampleOf(good)).toMatchObject({ failed: 0, sample: { status: "running" } });
});
