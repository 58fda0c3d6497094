import type { StepExecutionBody } from "@/api/generated";
import { lookOfStep } from "@/lib/status";
import { matrixOf } from "./needs";

export type Row =
  | {
      readonly kind: "group";
      readonly name: string;
      readonly open: boolean;
      readonly all: number;
      readonly failed: number;
      readonly done: number;
    }
  | { readonly kind: "step"; readonly step: StepExecutionBody };

/**
 * What the list shows: steps in the order of the file, those of a group below its name, unless it is closed. `fits` says
 * which steps are looked for: then only they are shown, also those of closed groups.
 */
export function rowsOf(
  steps: readonly StepExecutionBody[],
  closed: ReadonlySet<string>,
  fits: ((step: StepExecutionBody) => boolean) | null,
): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < steps.length; ) {
    const name = bundleOf(steps[at]);
    let end = at + 1;
    while (end < steps.length && bundleOf(steps[end]) === name) end += 1;
    const members = steps.slice(at, end);
    const shown = fits === null ? members : members.filter(fits);
    const open = fits !== null || !closed.has(name);
    if (name !== "" && shown.length > 0) rows.push({ kind: "group", name, open, ...counted(members) });
    if (name === "" || open) rows.push(...shown.map((step) => ({ kind: "step", step }) as const));
    at = end;
  }
  return rows;
}

/** The group that a step stands in, or its matrix. */
export function bundleOf(step: StepExecutionBody | undefined): string {
  return step === undefined ? "" : step.group || matrixOf(step);
}

function counted(members: readonly StepExecutionBody[]) {
  const looks = members.map(lookOfStep);
  return {
    all: members.length,
    failed: looks.filter(({ word }) => word === "failed" || word === "error").length,
    done: looks.filter(({ final }) => final).length,
  };
}
