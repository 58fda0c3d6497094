import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { apply } from "./edits";
import { isCollection } from "./nodes";
import { type Path, Refusal } from "./refusal";
import { Source } from "./source";
import { addNeed, addStep, moveStep, removeNeed, removeStep, renameStep } from "./step-edits";
import { needsOf, stepPaths } from "./steps";
import { find } from "./targets";
import { type Change, insertItem, renameKey, setAt, unsetAt } from "./value-edits";
import { at, isDict, type Value } from "./values";

const CHUNKS = 10;
const EDITS_PER_CHUNK = 1_000;
const MAY_REFUSE = new Set(["alias", "shared", "merged", "exists", "ambiguous", "no_place", "not_found"]);

const REPOSITORY = resolve("..");
const texts = globSync(["examples/**/*.yml", "contract/**/*.yml"], { cwd: REPOSITORY })
  .sort()
  .map((file) => ({ file, text: readFileSync(resolve(REPOSITORY, file), "utf-8") }))
  .filter(({ text }) => readable(text));

const SCALARS: unknown[] = [
  ...["x", "on", "3.10", "two words", "a: b", "- x", "# no", "it's", 'say "hi"', "", "null", "multi\nline\n"],
  ...["multi\nline", "  lead\nx\n", "é😀", "a\n\n\nb\n", "*.py", "x,y", "[z]", "@a", "back\\slash", "a #b", "trail:"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of a pipeline file
  ...["\ttab", "<<", "---", "~", "b\n\n", "0x1F", "${{ steps.a.outputs.b }}", "k: v\nk2: v2\n"],
  ...[7, -1, 3.5, true, null, ["a", "b c"], { k: "v", l: [1, { m: "n" }] }, [], {}],
];

/** What an edit may touch: from `start` to `end`, anything as long as all that was there stays in its order, or as told. */
interface Allowed {
  edit: Change;
  span: readonly [number, number] | "adds" | ((before: string, after: string) => boolean);
}

describe("random edits of the files of this repository", () => {
  it.each(Array.from({ length: CHUNKS }, (_, seed) => seed))(
    "change no byte outside of what they mean: %i",
    {
      timeout: 120_000,
    },
    (seed) => {
      const random = dice(seed + 1);
      let made = 0;
      for (let tried = 0; tried < EDITS_PER_CHUNK; tried++) {
        const { file, text } = pick(random, texts);
        const before = dressed(random, text);
        const source = new Source(before);
        const { edit, span } = anEdit(random, source);
        let after: string;
        try {
          after = apply(before, edit); // compares what it says with what the edit means
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          expect(MAY_REFUSE, `${file}: ${error.message}`).toContain(error.code);
          continue;
        }
        made += 1;
        if (!keeps(span, before, after))
          expect.fail(`seed ${seed} in ${file}\n--- before\n${before}\n--- after\n${after}`);
      }
      expect(made).toBeGreaterThan(EDITS_PER_CHUNK * 0.7);
    },
  );
});

function anEdit(random: () => number, source: Source): Allowed {
  const steps = stepPaths(source.value);
  if (steps.length > 1 && random() < 0.5) return aStepEdit(random, source, steps);
  const path = pick(random, pathsIn(source.value));
  const kind = random();
  const holder = within(source.value, path);
  if (kind < 0.2 && isDict(holder))
    return { edit: setAt([...path, "fresh key"], pick(random, SCALARS)), span: adds(holder, source, path) };
  if (kind < 0.3 && Array.isArray(holder)) {
    const index = Math.floor(random() * (holder.length + 1));
    return { edit: insertItem(path, index, pick(random, SCALARS)), span: adds(holder, source, path) };
  }
  if (kind < 0.5) {
    const around = within(source.value, path.slice(0, -1));
    const alone = isDict(around) ? around.size === 1 : Array.isArray(around) && around.length === 1;
    const behindDash = !leads(source, path);
    return { edit: unsetAt(path), span: linesOf(source, alone || behindDash ? path.slice(0, -1) : path) };
  }
  if (kind < 0.6 && typeof path.at(-1) === "string")
    return { edit: renameKey(path, "renamed"), span: linesOf(source, path) };
  return { edit: setAt(path, pick(random, SCALARS)), span: linesOf(source, path) };
}

function aStepEdit(random: () => number, source: Source, steps: readonly (readonly [string, string])[]): Allowed {
  const [[section, one], [, other]] = [pick(random, steps), pick(random, steps)] as const;
  const needs = needsOf(at(source.value, [section, one, "needs"]));
  const kind = random();
  if (kind < 0.25)
    return { edit: addStep({ id: "fresh-step", type: "test", needs: [one], after: other }), span: "adds" };
  if (kind < 0.4 && needs[0] !== undefined)
    return { edit: removeNeed(one, needs[0]), span: linesOf(source, [section, one]) };
  if (kind < 0.65 && one !== other) return { edit: addNeed(one, other), span: linesOf(source, [section, one]) };
  const isTwice = steps.filter(([, id]) => id === one).length > 1; // then its name is taken once it is gone
  if (kind < 0.8)
    return {
      edit: renameStep(one, "fresh-step"),
      span: isTwice ? [0, source.text.length] : isGivenBack(one, "fresh-step"),
    };
  if (kind < 0.9) return { edit: moveStep(one, { after: other }), span: linesOf(source, [section], true) };
  return { edit: removeStep(one), span: isLeftOut(one) };
}

// Where things stand, and what is compared

/** The whole lines of what stands at a path: it and nothing else may change. */
function linesOf(source: Source, path: Path, below = false): Allowed["span"] {
  if (path.length === 0) return [0, source.text.length];
  let entry: ReturnType<typeof find>["entry"];
  try {
    ({ entry } = find(source, path));
  } catch {
    return "adds"; // what a merge key brings in is overruled by a new key
  }
  if (entry === null) return [0, source.text.length];
  const end = below ? source.tail(entry.end, source.column(entry.start)) : entry.end;
  return [source.lineStart(entry.start), source.nextLine(end)];
}

function leads(source: Source, path: Path): boolean {
  try {
    const { entry, inFlow } = find(source, path);
    return entry !== null && !inFlow && source.leadsItsLine(entry.start);
  } catch {
    return true;
  }
}

function adds(holder: Value, source: Source, path: Path): Allowed["span"] {
  const isEmpty = isDict(holder) ? holder.size === 0 : Array.isArray(holder) && holder.length === 0;
  return isEmpty ? linesOf(source, path) : "adds";
}

function keeps(span: Allowed["span"], before: string, after: string): boolean {
  if (typeof span === "function") return span(before, after);
  return span === "adds" ? isSubsequence(before, after) : untouchedOutside(before, after, span);
}

/** The old name again gives the old text again. */
const isGivenBack = (old: string, fresh: string) => (before: string, after: string) =>
  after !== before && apply(after, renameStep(fresh, old)) === before;

/** Lines go, or lose what named the step; every other line stays as it is, in its order. An emptied map says so. */
const isLeftOut = (step: string) => (before: string, after: string) => {
  const left = before.split("\n");
  return after.split("\n").every((line) => {
    const at = left.findIndex(
      (was) =>
        was === line || `${was.trimEnd()} {}` === line.trimEnd() || (was.includes(step) && isSubsequence(line, was)),
    );
    left.splice(0, at + 1);
    return at >= 0;
  });
};

function untouchedOutside(before: string, after: string, [start, end]: readonly [number, number]): boolean {
  return after.startsWith(before.slice(0, start)) && after.endsWith(before.slice(end));
}

function isSubsequence(short: string, long: string): boolean {
  let at = 0;
  for (let index = 0; index < long.length && at < short.length; index++) if (long[index] === short[at]) at += 1;
  return at === short.length;
}

function pathsIn(value: Value, path: Path = []): Path[] {
  const inner: [string | number, Value][] = isDict(value)
    ? [...value]
    : Array.isArray(value)
      ? [...value.entries()]
      : [];
  return inner.flatMap(([part, item]) => [[...path, part], ...pathsIn(item, [...path, part])]);
}

function within(value: Value, path: Path): Value {
  let found: Value = value;
  for (const part of path) {
    found = (isDict(found) ? found.get(String(part)) : Array.isArray(found) ? found[Number(part)] : null) ?? null;
  }
  return found;
}

function readable(text: string): boolean {
  try {
    const { root } = new Source(text);
    return root !== null && isCollection(root) && pathsIn(new Source(text).value).length > 0;
  } catch {
    return false;
  }
}

/** The same document with other line ends, or without its last one. */
function dressed(random: () => number, text: string): string {
  const ended = random() < 0.1 ? text.trimEnd() : text;
  return random() < 0.15 && !text.includes("\r") ? ended.replaceAll("\n", "\r\n") : ended;
}

function pick<T>(random: () => number, items: readonly T[]): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** The same numbers for the same seed (mulberry32). */
function dice(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
