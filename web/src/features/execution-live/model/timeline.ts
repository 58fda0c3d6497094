import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { resolved } from "./needs";

/** One step's bar, in seconds since the execution began. Nothing in it changes with the clock, but what is `null`. */
export interface Bar {
  readonly step: StepExecutionBody;
  /** When it began to wait; `null` while something that it needs is open. */
  readonly waits: number | null;
  /** When it began to run; `null` for one that has not. */
  readonly runs: number | null;
  /** When it ended; `null` for one that goes on, up to now. */
  readonly ends: number | null;
  /** Whether the execution took as long as it did because of this step. */
  readonly critical: boolean;
}

export interface Timeline {
  readonly bars: readonly Bar[];
  /** How long it is by now. */
  readonly seconds: (now: number) => number;
}

/**
 * Where the time went. A step waits from the moment in which the last step that it needs had ended. What has not begun
 * waits up to now, or up to the end of the execution; what was skipped has no bar.
 */
export function timelineOf(execution: WholeExecutionBody): Timeline {
  const origin = Date.parse(execution.started_at ?? execution.created_at);
  const since = (at: string | null) => (at === null ? null : Math.max(0, (Date.parse(at) - origin) / 1000));
  const end = since(execution.ended_at);
  const ended = new Map(execution.step_executions.map(({ key, ended_at }) => [key, since(ended_at)]));
  const steps = resolved(execution.step_executions);
  const critical = criticalOf(steps, ended);
  const bars = execution.step_executions.flatMap((step, at) => {
    if (step.started_at === null && step.status !== "pending" && step.status !== "waiting") return [];
    const needs = steps[at]?.needs.map((key) => ended.get(key) ?? null) ?? [];
    const runs = since(step.started_at);
    const ready = needs.includes(null) ? null : Math.max(0, ...needs.filter((at) => at !== null));
    const waits = ready === null || runs === null ? (ready ?? runs) : Math.min(ready, runs);
    return [{ step, waits, runs, ends: since(step.ended_at) ?? end, critical: critical.has(step.key) }];
  });
  const last = Math.max(1, end ?? 0, ...bars.map(({ ends }) => ends ?? 0));
  return { bars, seconds: (now) => (end === null ? Math.max(last, (now - origin) / 1000) : last) };
}

/** From the step that ended last back, each time to the one that was waited for longest. Skipped ones took no time. */
function criticalOf(steps: readonly StepExecutionBody[], ended: ReadonlyMap<string, number | null>): Set<string> {
  const known = new Map(steps.map((step) => [step.key, step]));
  const latest = (keys: readonly string[]) =>
    keys
      .filter((key) => known.get(key)?.started_at != null && ended.get(key) != null)
      .sort((one, other) => (ended.get(other) ?? 0) - (ended.get(one) ?? 0))[0];
  const path = new Set<string>();
  let key = steps.every(({ started_at, ended_at }) => started_at === null || ended_at !== null)
    ? latest([...known.keys()])
    : undefined; // while something runs nobody knows
  while (key !== undefined && !path.has(key)) {
    path.add(key);
    key = latest(known.get(key)?.needs ?? []);
  }
  return path;
}

const NICE = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/** At most `most` marks on round seconds, from 0. */
export function marks(seconds: number, most = 8): number[] {
  const step = NICE.find((nice) => seconds / nice <= most) ?? Math.ceil(seconds / most / 86_400) * 86_400;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, at) => at * step);
}
