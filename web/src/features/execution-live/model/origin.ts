import type { StepExecutionBody } from "@/api/generated";

export const HUES = 8;

/** Of which step, and which of its attempts, a line is. `hue` is a colour's number, from 0. */
export interface Origin {
  readonly step: string;
  readonly attempt: number;
  readonly name: string;
  readonly hue: number;
}

/** Names the steps of an execution, each with a colour that it keeps. */
export class Origins {
  private readonly steps: ReadonlyMap<string, { readonly name: string; readonly hue: number }>;
  private readonly made = new Map<string, Origin>();

  constructor(steps: readonly Pick<StepExecutionBody, "key" | "name">[]) {
    this.steps = new Map(steps.map(({ key, name }, at) => [key, { name: name || key, hue: at % HUES }]));
  }

  /** The same one for the same attempt, so that a line that has not changed is not drawn anew. */
  of(step: string, attempt: number): Origin {
    const key = `${attempt} ${step}`;
    const { name, hue } = this.steps.get(step) ?? { name: step, hue: 0 };
    const found = this.made.get(key) ?? { step, attempt, hue, name: attempt > 1 ? `${name} ×${attempt}` : name };
    this.made.set(key, found);
    return found;
  }
}

/** What a line says that it is, where no outline is read: `::error …::`. */
export function toneIn(line: string | undefined): "error" | "warning" | "notice" | undefined {
  return /^::(error|warning|notice)(?: [^:]|::)/.exec(line ?? "")?.[1] as ReturnType<typeof toneIn>;
}
