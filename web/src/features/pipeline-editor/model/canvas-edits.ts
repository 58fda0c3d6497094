import { load } from "./document/load";
import type { Path } from "./document/refusal";
import { addNeed, putStep, removeNeed } from "./document/step-edits";
import { findSection, groupsOf, needsOf, stepPaths } from "./document/steps";
import { type Change, setAt, unsetAt } from "./document/value-edits";
import { at, type Dict, isDict, type Value } from "./document/values";

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

/** Sets a key of a step, or takes it away; maps that are left empty go as well. */
export function setKey(value: Value, step: string, keys: readonly string[], wanted: Value | undefined): Change[] {
  const path = [...pathOf(value, step), ...keys];
  if (wanted !== undefined) return [...asMap(value, step), setAt(path, wanted), ...declared(value, keys, wanted)];
  const found = at(value, path.slice(0, -1));
  if (!isDict(found) || !found.has(String(path.at(-1)))) return [];
  return [unsetAt(keys.length > 1 && found.size === 1 ? path.slice(0, -1) : path)];
}

/** A group that a step names must be declared. */
function declared(value: Value, [key, ...rest]: readonly string[], wanted: Value): Change[] {
  if (key !== "group" || rest.length > 0 || typeof wanted !== "string" || groupsOf(value).has(wanted)) return [];
  return [setAt(["groups", wanted], new Map())];
}
