import { expect, test } from "vitest";
import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { marks, timelineOf } from "./timeline";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

function step(key: string, needs: string[], started?: number, ended?: number, status = "success"): StepExecutionBody {
  return {
    key,
    needs,
    group: "",
    matrix: {},
    status,
    started_at: started === undefined ? null : at(started),
    ended_at: ended === undefined ? null : at(ended),
  } as StepExecutionBody;
}

test("a step waits from the end of what it needs, and runs until its own", () => {
  const execution = {
    created_at: at(-5),
    started_at: at(0),
    ended_at: null,
    step_executions: [
      step("a", [], 1, 10),
      step("b", ["a"], 12, undefined, "running"),
      step("c", ["a", "b"], undefined, undefined, "pending"),
      step("d", ["a"], undefined, 11, "skipped"),
    ],
  } as unknown as WholeExecutionBody;
  const { bars, seconds } = timelineOf(execution);
  expect(bars.map(({ step: { key }, waits, runs, ends }) => [key, waits, runs, ends])).toEqual([
    ["a", 0, 1, 10],
    ["b", 10, 12, null],
    ["c", null, null, null],
  ]);
  expect(seconds(Date.parse(at(20)))).toBe(20);
});

test("an execution that has ended is as long as it took", () => {
  const steps = [step("a", [], 1, 10), step("b", ["a"], undefined, undefined, "pending"), step("c", [], 2, 14)];
  const execution = { created_at: at(0), started_at: at(0), ended_at: at(13), step_executions: steps };
  const { bars, seconds } = timelineOf(execution as unknown as WholeExecutionBody);
  expect(bars.map(({ step: { key }, waits, runs, ends }) => [key, waits, runs, ends])).toEqual([
    ["a", 0, 1, 10],
    ["b", 10, null, 13],
    ["c", 0, 2, 14],
  ]);
  expect(seconds(Date.parse(at(99)))).toBe(14);
});

test("what changes later leaves the step of a bar as it was", () => {
  const steps = [step("a", [], 1, 10), step("b", ["a"], 11, undefined, "running")];
  const execution = { created_at: at(0), started_at: at(0), ended_at: null, step_executions: steps };
  const { bars } = timelineOf(execution as unknown as WholeExecutionBody);
  expect(bars.map((bar) => steps.indexOf(bar.step))).toEqual([0, 1]);
});

test("marks stand on round seconds", () => {
  expect(marks(7)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(marks(70)).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
  expect(marks(4000)).toEqual([0, 600, 1200, 1800, 2400, 3000, 3600]);
  expect(marks(90 * 86_400).length).toBeLessThan(10);
});
