import type { StepExecutionBody } from "@/api/generated";

type Step = Pick<StepExecutionBody, "key" | "needs" | "group" | "matrix">;

/** The name that the legs of a matrix share; "" for other steps. */
export function matrixOf({ key, matrix }: Step): string {
  return Object.keys(matrix).length > 0 ? key.replace(/ \(.*\)$/, "") : "";
}

/** The steps with the keys of those that they need: who needs a group, or a step with a matrix, needs all that is in it. */
export function resolved<S extends Step>(steps: readonly S[]): S[] {
  const known = new Set(steps.map(({ key }) => key));
  const members = new Map<string, string[]>();
  for (const step of steps) {
    const { key, group } = step;
    for (const name of [group, matrixOf(step)])
      if (name !== "" && name !== key) members.set(name, [...(members.get(name) ?? []), key]);
  }
  return steps.map((step) => ({
    ...step,
    needs: [...new Set(step.needs.flatMap((need) => (known.has(need) ? [need] : (members.get(need) ?? []))))],
  }));
}
