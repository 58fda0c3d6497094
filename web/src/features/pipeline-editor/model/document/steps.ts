import { nearest } from "./nearest";
import { followed, isKey, type Node, type ScalarNode } from "./nodes";
import { type Path, quotedName, Refusal } from "./refusal";
import type { Source } from "./source";
import { there } from "./targets";
import { at, dictAt, isDict, type Value } from "./values";

// Steps and needs, as a pipeline file says them.

export const SECTIONS = ["steps", "finally"] as const;
export type Section = (typeof SECTIONS)[number];

/** The paths of all steps. */
export const stepPaths = (value: Value): [Section, string][] =>
  SECTIONS.flatMap((section) => [...dictAt(value, [section]).keys()].map((name): [Section, string] => [section, name]));

export const sectionOf = (value: Value, step: string): Section | undefined =>
  SECTIONS.find((section) => dictAt(value, [section]).has(step));

export function findSection(value: Value, step: string): Section {
  const section = sectionOf(value, step);
  if (section !== undefined) return section;
  const known = stepPaths(value).map(([, name]) => name);
  const hint = nearest(step, known) || there(known, "none");
  throw new Refusal("not_found", `There is no step ${quotedName(step)}.`, hint);
}

export function groupsOf(value: Value): Set<string> {
  const named = stepPaths(value).map((path) => at(value, [...path, "group"]));
  return new Set([...named.filter((group) => typeof group === "string"), ...dictAt(value, ["groups"]).keys()]);
}

export function expectNeed(value: Value, need: string): void {
  const known = [...stepPaths(value).map(([, name]) => name), ...[...groupsOf(value)].sort()];
  if (known.includes(need)) return;
  const hint = nearest(need, known) || there(known, "none");
  throw new Refusal("not_found", `There is no step and no group ${quotedName(need)}.`, hint);
}

/** The names in any form of `needs`: `a`, `[a, b]`, `{step: a}`. */
export function needsOf(needs: Value): string[] {
  return (Array.isArray(needs) ? needs : [needs]).map(needName).filter((name) => typeof name === "string");
}

export const needName = (item: Value): Value => (isDict(item) ? (item.get("step") ?? null) : item);

/** The scalars that name what a step needs, wherever an alias leads. */
export function needNodes(source: Source, path: Path): ScalarNode[] {
  const node = writtenAt(source, [...path, "needs"]);
  const items = node === null ? [] : node.kind === "sequence" ? node.items : [node];
  return items.flatMap((item) => {
    let inner = followed(item);
    if (inner.kind === "mapping") {
      const named = inner.pairs.find(([key]) => isKey(key, "step"));
      if (named !== undefined) inner = followed(named[1]);
    }
    return inner.kind === "scalar" ? [inner] : [];
  });
}

/** The node at `path`, aliases followed; null where it is not written there itself. */
export function writtenAt(source: Source, path: Path): Node | null {
  let node: Node | null = source.root;
  for (const part of path) {
    const inner: Node | null = node === null ? null : followed(node);
    const pair = inner?.kind === "mapping" ? inner.pairs.find(([key]) => isKey(key, part)) : undefined;
    node = pair?.[1] ?? null;
  }
  return node === null ? null : followed(node);
}

export const isSection = (name: unknown): name is Section => SECTIONS.some((section) => section === name);
