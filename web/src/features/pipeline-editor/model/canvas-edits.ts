import { load } from "./document/load";
import { type Path, Refusal } from "./document/refusal";
import { addNeed, putStep, removeNeed } from "./document/step-edits";
import { findSection, groupsOf, needsOf, stepPaths } from "./document/steps";
import { type Change, insertItem, setAt, unsetAt } from "./document/value-edits";
import { at, type Dict, isDict, same, type Value, withValue } from "./document/values";
import { isShort, stoodFor, writtenOut } from "./short-forms";

// What is done on the canvas and in the forms, as edits of the text: one after the other, undone as one.

/** Where a step stands in the file. */
const pathOf = (value: Value, step: string): Path => [findSection(value, step), step];

/** A step that is one command, or a list of them, becomes a map; then it can say more. */
function asMap(value: Value, step: string): Change[] {
  const path = pathOf(value, step);
  const body = at(value, path);
  return isDict(body) || body === null ? [] : [setAt(path, new Map([["run", body]]))];
}

export function connect(value: Value, from: string, to: string): Change[] {
  if (needsOf(at(value, [...pathOf(value, to), "needs"])).includes(from)) return [];
  return [...asMap(value, to), addNeed(to, from)];
}

export function disconnect(value: Value, need: string, step: string): Change[] {
  return needsOf(at(value, [...pathOf(value, step), "needs"])).includes(need) ? [removeNeed(step, need)] : [];
}

/** What can be put on the canvas: a step type, or a saved step. */
export interface Kind {
  /** What the new step's id is made of. */
  readonly name: string;
  /** The step type; "" where a template says it. */
  readonly type: string;
  /** One step as it stands in a pipeline file, below its id. */
  readonly example: string;
}

/**
 * A step of this kind, with all that its example says, that waits for `needs`; it stands behind them and their other
 * children. Throws a Refusal for an example that cannot be read: what it says is never left out.
 */
export function place(value: Value, kind: Kind, needs: readonly string[]): { id: string; edits: Change[] } {
  const id = freshId(value, kind.name);
  const wanted = new Map<string, Value>(
    needs.length === 0 ? [] : [["needs", needs.length > 1 ? [...needs] : (needs[0] ?? "")]],
  );
  const type: readonly (readonly [string, Value])[] = kind.type === "" ? [] : [["type", kind.type]];
  const body = new Map([...type, ...wanted, ...rest(kind)]);
  return { id, edits: [putStep(id, body, { needs, after: lastBeside(value, needs) })] };
}

/** The last of the needed steps and of those that wait for them; "" for the end of the file. */
function lastBeside(value: Value, needs: readonly string[]): string {
  const paths = stepPaths(value);
  const sections = paths.filter(([, id]) => needs.includes(id)).map(([section]) => section);
  const family = paths.filter(
    ([section, id]) =>
      section === sections.at(-1) &&
      (needs.includes(id) || needsOf(at(value, [section, id, "needs"])).some((need) => needs.includes(need))),
  );
  return family.at(-1)?.[1] ?? "";
}

/** All but what is said anew. A step that is one command, or a list of them, says so as a map. */
function rest({ example }: Kind): Dict {
  const { value } = load(example);
  if (isDict(value)) return new Map([...value].filter(([key]) => key !== "type" && key !== "needs"));
  return new Map(value === null ? [] : [["run", value]]);
}

/** `test`, and `test-2` where there is one. */
export function freshId(value: Value, kind: string): string {
  const known = new Set([...stepPaths(value).map(([, id]) => id), ...groupsOf(value)]);
  const base = kind.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "step";
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base}-${number}`;
    if (!known.has(id)) return id;
  }
}

/**
 * Sets a key of a step, or takes it away. What is written short is written out where it must say more, and of a list only the
 * items that differ are touched. Maps that are left empty go as well.
 */
export function setKey(value: Value, step: string, keys: readonly string[], wanted: Value | undefined): Change[] {
  const own = pathOf(value, step);
  if (wanted === undefined) return unsetKey(value, own, keys);
  const path = [...own, ...keys];
  const before = at(value, path);
  if (isFilled(before) && isFilled(wanted)) return listEdits(path, before, wanted);
  const short = keys.findIndex(
    (key, depth) => depth < keys.length - 1 && isShort(key, at(value, pathTo(own, keys, depth))),
  );
  if (short < 0) return [...asMap(value, step), setAt(path, wanted), ...declared(value, keys, wanted)];
  const holder = pathTo(own, keys, short);
  return [setAt(holder, withValue(writtenOut(keys[short] ?? "", at(value, holder)), keys.slice(short + 1), wanted))];
}

const AXIS = /^([^:]+):(?:\s+(.*))?$/;

/** An axis of the matrix as it is typed: `python: 3.12, 3.13`. Throws a Refusal. */
export function addAxis(value: Value, step: string, line: string): Change[] {
  const [, name = "", values = ""] = AXIS.exec(line.trim()) ?? [];
  const found = load(`[${values}]`).value;
  if (!isFilled(found)) {
    throw new Refusal("axis", "An axis has a name and values.", "Write it as python: 3.12, 3.13.");
  }
  return setKey(value, step, ["matrix", name.trim()], found);
}

const pathTo = (own: Path, keys: readonly string[], depth: number): Path => [...own, ...keys.slice(0, depth + 1)];

function unsetKey(value: Value, own: Path, keys: readonly string[]): Change[] {
  const path = [...own, ...keys];
  const [holder, key] = [at(value, path.slice(0, -1)), keys.at(-2) ?? ""];
  const name = keys.at(-1) ?? "";
  if (!(isDict(holder) ? holder.has(name) : isShort(key, holder) && stoodFor(key, holder) === name)) return [];
  if (keys.length === 1 || (isDict(holder) && holder.size > 1)) return [unsetAt(path)];
  if (key === "approval") return [setAt(path.slice(0, -1), true)]; // it is still asked for
  return unsetKey(value, own, keys.slice(0, -1));
}

const isFilled = (value: Value): value is Value[] => Array.isArray(value) && value.length > 0;

/** Makes one list of another item by item, so that what stays keeps its look and its comments. */
function listEdits(path: Path, before: readonly Value[], after: readonly Value[]): Change[] {
  const shorter = Math.min(before.length, after.length);
  const differs = (one: number, other: number) => !same(before.at(one) ?? null, after.at(other) ?? null);
  let head = 0;
  while (head < shorter && !differs(head, head)) head++;
  let tail = 0;
  while (tail < shorter - head && !differs(-1 - tail, -1 - tail)) tail++;
  const [old, fresh] = [before.length - head - tail, after.slice(head, after.length - tail)];
  const both = Math.min(old, fresh.length);
  return [
    ...fresh.slice(0, both).map((item, index) => setAt([...path, head + index], item)),
    ...Array.from({ length: old - both }, (_, index) => unsetAt([...path, head + old - 1 - index])),
    ...fresh.slice(both).map((item, index) => insertItem(path, head + both + index, item)),
  ];
}

/** A group that a step names must be declared. */
function declared(value: Value, [key, ...rest]: readonly string[], wanted: Value): Change[] {
  if (key !== "group" || rest.length > 0 || typeof wanted !== "string" || groupsOf(value).has(wanted)) return [];
  return [setAt(["groups", wanted], new Map())];
}
