import type { EntryBody } from "@/api/generated";

export interface Change {
  readonly name: string;
  /** undefined: it was not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What an entry says was changed, field by field; what stayed the same is left out. */
export function changesOf({ before, after }: Pick<EntryBody, "before" | "after">): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name) => ({ name, before: shown(before, name), after: shown(after, name) }))
    .filter((change) => change.before !== change.after);
}

function shown(facts: Readonly<Record<string, unknown>>, name: string): string | undefined {
  if (!Object.hasOwn(facts, name)) return undefined;
  const value = facts[name];
  return typeof value === "string" ? value : JSON.stringify(value);
}
