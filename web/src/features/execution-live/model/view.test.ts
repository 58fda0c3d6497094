import { expect, test } from "vitest";
import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { applyFrame, type Frame, firstToLookAt, type View, viewOf } from "./view";

function step(key: string, more: Partial<StepExecutionBody> = {}): StepExecutionBody {
  return { key, status: "pending", allowed_failure: false, ended_at: null, log_bytes: 0, ...more } as StepExecutionBody;
}

function view(seq = 3): View {
  const execution = { id: 7, seq, status: "running", message: "", step_executions: [step("a"), step("b")], counts: {} };
  return viewOf(execution as unknown as WholeExecutionBody);
}

const runs = (seq: number, key = "a"): Frame => ({
  type: "step_update",
  seq,
  data: { execution_id: 7, key, status: "running", attempt: 1 },
});

test("a frame changes its step, and the counts with it", () => {
  const after = applyFrame(view(), runs(4));
  expect(after.execution.step_executions.map(({ status }) => status)).toEqual(["running", "pending"]);
  expect(after.execution.counts).toEqual({ running: 1, pending: 1 });
  expect([after.seq, after.execution.seq, after.gap]).toEqual([4, 4, false]);
});

test("what was seen already changes nothing", () => {
  const before = view(5);
  expect(applyFrame(before, runs(5))).toBe(before);
  expect(applyFrame(before, runs(2))).toBe(before);
});

test("after a missing frame nothing is added until a snapshot comes", () => {
  const torn = applyFrame(view(), runs(5));
  expect([torn.gap, torn.seq]).toEqual([true, 3]);
  expect(applyFrame(torn, runs(4))).toBe(torn);
  const mended = applyFrame(torn, { type: "snapshot", seq: 6, data: view(6).execution });
  expect([mended.gap, mended.seq]).toEqual([false, 6]);
});

test("an older snapshot takes nothing back", () => {
  const now = view(9);
  expect(applyFrame(now, { type: "snapshot", seq: 8, data: view(8).execution })).toBe(now);
});

test("a step that is not shown changes nothing but the number", () => {
  expect(applyFrame(view(), runs(4, "zz")).execution.step_executions).toEqual(view().execution.step_executions);
});

test("one looks at what failed first, then at what waits, what runs, what ended last", () => {
  const early = { status: "failed", ended_at: "2026-01-01T00:00:01Z" } as const;
  const late = { status: "failed", ended_at: "2026-01-01T00:00:09Z" } as const;
  const done = { status: "success", ended_at: "2026-01-01T00:00:05Z", log_bytes: 3 } as const;
  expect(firstToLookAt([step("a", late), step("b", early), step("c", { status: "running" })])?.key).toBe("b");
  expect(firstToLookAt([step("a", { ...early, allowed_failure: true }), step("w", { status: "waiting" })])?.key).toBe(
    "w",
  );
  expect(firstToLookAt([step("a"), step("r", { status: "running" })])?.key).toBe("r");
  expect(firstToLookAt([step("a", done), step("b", { ...done, ended_at: "2026-01-01T00:00:07Z" })])?.key).toBe("b");
  expect(firstToLookAt([step("a"), step("b")])?.key).toBe("a");
});
