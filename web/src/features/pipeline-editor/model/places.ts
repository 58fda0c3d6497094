import { isKey } from "./document/nodes";
import type { Path } from "./document/refusal";
import type { Source } from "./document/source";
import { SECTIONS } from "./document/steps";
import { find, reach } from "./document/targets";

// From the drawing into the text and back.

/** From where to where a step stands; null where it is written elsewhere, by an alias. */
export function rangeOf(source: Source, path: Path): readonly [number, number] | null {
  try {
    const { entry } = find(source, path);
    return entry === null ? null : [entry.start, entry.end];
  } catch {
    return null;
  }
}

/** Where the deepest part of the path stands that is there. */
export function nearestPlace(source: Source, path: Path): readonly [number, number] | null {
  try {
    const [{ entry }] = reach(source, path);
    return entry === null ? null : [entry.start, entry.end];
  } catch {
    return path.length === 0 ? null : nearestPlace(source, path.slice(0, -1));
  }
}

/** The step in whose lines a place of the text is. */
export function stepAt(source: Source, index: number): string | undefined {
  if (source.root?.kind !== "mapping") return undefined;
  for (const section of SECTIONS) {
    const holder = source.root.pairs.find(([key]) => isKey(key, section))?.[1];
    if (holder?.kind !== "mapping") continue;
    try {
      const found = source
        .entries(holder)
        .find(({ start, end }) => source.lineStart(start) <= index && index <= source.lineEnd(end));
      if (found?.key) return found.key.text;
    } catch {
      // written in a way that only the text can change
    }
  }
  return undefined;
}
