import type { LucideIcon } from "lucide-react";

/** Something that can be gone to. */
export interface Thing {
  readonly key: string;
  readonly name: string;
  /** Shown beside the name. */
  readonly also?: string;
  readonly icon?: LucideIcon;
  readonly go: () => Promise<void>;
}

export interface Kind {
  readonly heading: string;
  readonly things: readonly Thing[];
}

/** Whether every word of what was typed stands in one of the texts. */
export function says(typed: string, ...texts: readonly string[]): boolean {
  const all = texts.join("\n").toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** The things whose names fit best stand first in their kind, and their kind before the others; the rest keeps its order. */
export function bestFirst(typed: string, kinds: readonly Kind[]): Kind[] {
  return kinds
    .filter(({ things }) => things.length > 0)
    .map((kind) => ({ ...kind, things: kind.things.toSorted((a, b) => distance(typed, a) - distance(typed, b)) }))
    .sort(({ things: [a] }, { things: [b] }) => distance(typed, a) - distance(typed, b));
}

/** The name itself, its beginning, a part of it, or none. */
function distance(typed: string, thing: Thing | undefined): number {
  const [wanted, name] = [typed.toLowerCase(), (thing?.name ?? "").toLowerCase()];
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  return name.includes(wanted) ? 2 : 3;
}
