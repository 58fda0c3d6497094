import { useQuery } from "@tanstack/react-query";
import { translated } from "@/lib/sentences";
import { savedSteps, stepTypes } from "./api";
import type { Kind } from "./model/canvas-edits";

/** Something that can be put on the canvas. `says` is what it is for. */
export interface Entry extends Kind {
  readonly key: string;
  readonly says: string;
}

export interface Offered {
  readonly types: readonly Entry[];
  readonly saved: readonly Entry[];
  /** How many saved steps there are beyond these. */
  readonly more: number;
  /** By what is dragged. */
  readonly find: (key: string) => Entry | undefined;
}

/** What the step library has for pipelines of this project. */
export function useLibrary(project: number | undefined): Offered {
  const kinds = useQuery(stepTypes).data ?? [];
  const known = useQuery(savedSteps(project)).data;
  const types = kinds.map(({ name, summary, example }) => ({
    key: name,
    name,
    type: name,
    example,
    says: translated(summary),
  }));
  const saved = (known?.steps ?? []).map(({ id, name, step_type, definition, description }) => ({
    key: `saved ${id}`,
    name,
    type: step_type,
    example: definition,
    says: description,
  }));
  const more = known === undefined ? 0 : known.count - known.steps.length;
  return { types, saved, more, find: (key) => [...types, ...saved].find((one) => one.key === key) };
}
