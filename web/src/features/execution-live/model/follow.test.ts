import { expect, test } from "vitest";
import type { StepExecutionBody } from "@/api/generated";
import { nextToFollow } from "./follow";

const NONE = { allowed_failure: false, started_at: null, ended_at: null, log_bytes: 0 };

function step(key: string, status: StepExecutionBody["status"], started = 0): StepExecutionBody {
  const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
  const ended = status === "success" || status === "failed" ? at(started + 1) : null;
  return { ...NONE, key, status, started_at: at(started), ended_at: ended } as unknown as StepExecutionBody;
}

test("a step is followed to its end, whatever begins meanwhile", () => {
  expect(nextToFollow([step("a", "running", 2), step("b", "running", 1)], "a")).toBe("a");
});

test("then comes what has been running longest, or what waits for an answer", () => {
  const steps = [step("a", "success"), step("b", "running", 5), step("c", "running", 3)];
  expect(nextToFollow(steps, "a")).toBe("c");
  expect(nextToFollow([step("a", "success"), step("gate", "waiting"), step("z", "pending")], "a")).toBe("gate");
});

test("between two steps nothing jumps", () => {
  expect(nextToFollow([step("a", "success"), step("b", "pending")], "a")).toBe("a");
});

test("in the end stands what failed first", () => {
  expect(nextToFollow([step("a", "success"), step("b", "failed", 2), step("c", "success", 4)], "c")).toBe("b");
});
