import type { StepExecutionBody } from "@/api/generated";
import { STEP_LOOK } from "@/lib/status";
import { firstToLookAt } from "./view";

/**
 * Whom somebody sees who follows the whole execution: the same step as before while it runs, then the one that has been
 * running longest, or that waits for an answer; in the end, whatever a person would look at first.
 */
export function nextToFollow(steps: readonly StepExecutionBody[], before: string | undefined): string | undefined {
  const shown = steps.find(({ key }) => key === before);
  if (shown?.status === "running") return shown.key;
  const running = steps.filter(({ status }) => status === "running").sort(byStart)[0];
  if (running !== undefined) return running.key;
  const isOver = steps.every(({ status }) => STEP_LOOK[status].final);
  if (isOver || shown === undefined) return firstToLookAt(steps)?.key;
  return steps.find(({ status }) => status === "waiting")?.key ?? shown.key;
}

function byStart(one: StepExecutionBody, other: StepExecutionBody): number {
  return Date.parse(one.started_at ?? "") - Date.parse(other.started_at ?? "");
}
