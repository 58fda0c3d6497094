import { expect, test } from "vitest";
import words from "../locales/en/status.json";
import { EXECUTION_LOOK, lookOfExecution, lookOfStep, STEP_LOOK } from "./status";

test("every status has a word", () => {
  for (const look of [...Object.values(STEP_LOOK), ...Object.values(EXECUTION_LOOK)])
    expect(words).toHaveProperty(look.word);
});

test("a fault of ours looks different from a failure of the step's command", () => {
  const failed = { status: "failed", allowed_failure: false } as const;
  expect(lookOfStep({ ...failed, reason: "worker_lost" }).word).toBe("error");
  expect(lookOfStep({ ...failed, reason: "exit_code" }).word).toBe("failed");
  expect(lookOfStep({ ...failed, reason: "exit_code", allowed_failure: true }).word).toBe("allowed");
});

test("an execution waits while nothing of it runs and a gate is open", () => {
  const running = { status: "running", reason: "" } as const;
  const counts = { pending: 2, waiting: 1, success: 3 };
  expect(lookOfExecution({ ...running, counts }).word).toBe("waiting");
  expect(lookOfExecution({ ...running, counts: { ...counts, running: 1 } }).word).toBe("running");
  expect(lookOfExecution({ ...running, counts: { pending: 2 } }).word).toBe("running");
  expect(lookOfExecution({ ...running }).word).toBe("running");
  expect(lookOfExecution({ ...running, waits: true }).word).toBe("waiting");
  expect(lookOfExecution({ ...running, waits: false }).word).toBe("running");
  expect(lookOfExecution({ ...running, status: "success", counts }).word).toBe("success");
});
