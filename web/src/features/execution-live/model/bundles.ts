import type { StepExecutionBody } from "@/api/generated";
import { lookOfStep } from "@/lib/status";
import { resolved } from "./needs";
import { bundleOf } from "./rows";

export const LARGE = 6; // steps from which on a group, or a matrix, is one box unless somebody opens it

/** Steps of a group, or the legs of a matrix. */
export interface Bundle {
  readonly name: string;
  readonly steps: readonly StepExecutionBody[];
}

/** Those of several steps, in the order of the file. */
export function bundlesOf(steps: readonly StepExecutionBody[]): Bundle[] {
  const found = new Map<string, StepExecutionBody[]>();
  for (const step of steps) {
    const name = bundleOf(step);
    if (name !== "") found.set(name, [...(found.get(name) ?? []), step]);
  }
  return [...found].filter(([, members]) => members.length > 1).map(([name, members]) => ({ name, steps: members }));
}

/** The key of the box that stands for a bundle: no step has such a one. */
export function boxOf(bundle: string): string {
  return `\n${bundle}`;
}

/** The boxes of a graph: steps, and one for each closed bundle, which needs what its steps need from outside. */
export function boxesOf(steps: readonly StepExecutionBody[], closed: ReadonlySet<string>) {
  const keyOf = (step: StepExecutionBody) => (closed.has(bundleOf(step)) ? boxOf(bundleOf(step)) : step.key);
  const keys = new Map(steps.map((step) => [step.key, keyOf(step)]));
  const boxes = new Map<string, Set<string>>();
  for (const step of resolved(steps)) {
    const key = keys.get(step.key) ?? step.key;
    const needs = boxes.get(key) ?? new Set();
    for (const need of step.needs) needs.add(keys.get(need) ?? need);
    needs.delete(key);
    boxes.set(key, needs);
  }
  return [...boxes].map(([key, needs]) => ({ key, needs: [...needs] }));
}

/** The step whose look a closed bundle has: one that failed, else one that waits, runs or is to come. */
export function sampleOf({ steps }: Bundle): { sample: StepExecutionBody | undefined; failed: number } {
  const failed = steps.filter((step) => ["failed", "error"].includes(lookOfStep(step).word));
  const of = (status: StepExecutionBody["status"]) => steps.find((step) => step.status === status);
  const sample = failed[0] ?? of("waiting") ?? of("running") ?? of("pending") ?? of("cancelled") ?? of("success");
  return { sample: sample ?? steps[0], failed: failed.length };
}
