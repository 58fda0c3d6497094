import type { PlanBody, ProblemBody } from "@/api/generated";
import { isSection } from "./document/steps";

/** What is said about each step, in one text. */
export function byStep(problems: readonly ProblemBody[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { path, message } of problems) {
    const [section, step] = path;
    if (!isSection(section) || typeof step !== "string") continue;
    found.set(step, found.has(step) ? `${found.get(step)}\n${message}` : message);
  }
  return found;
}

type Said = Pick<ProblemBody, "message"> & { readonly path: readonly unknown[] };

/** What is said about a place and what is within it, but for the places in there that have a field of their `own`. */
export function saidAt(
  problems: readonly Said[],
  place: readonly string[],
  own: readonly (readonly string[])[] = [],
): string {
  return problems
    .filter(({ path }) => isWithin(path, place) && !own.some((other) => isWithin(path, other)))
    .map(({ message }) => message)
    .join(" ");
}

const isWithin = (path: readonly unknown[], place: readonly string[]) =>
  place.every((part, index) => path[index] === part);

/** Whether a step would run: with a matrix, if one of its legs does. */
export function planByStep({ steps }: PlanBody): ReadonlyMap<string, { runs: boolean; why: string }> {
  const found = new Map<string, { runs: boolean; why: string }>();
  for (const { id, skip } of steps) {
    if (skip === null) found.set(id, { runs: true, why: "" });
    else if (!found.has(id)) found.set(id, { runs: false, why: skip.message });
  }
  return found;
}
