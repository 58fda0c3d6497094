import { nearest } from "./nearest";
import { isCollection, type Node } from "./nodes";
import { references, renamedReferences } from "./references";
import { quotedName, Refusal } from "./refusal";
import { nameOf, type Source } from "./source";
import { quotesOf, type Splice, splice } from "./splices";
import {
  expectNeed,
  findSection,
  groupsOf,
  needName,
  needNodes,
  needsOf,
  sectionOf,
  stepPaths,
  writtenAt,
} from "./steps";
import { find, insert, put, reach, refuseShared, remove, setValue, type Target, unset } from "./targets";
import { type Change, moveEntry, renameKey } from "./value-edits";
import { at, changed, type Dict, dictAt, isDict, renamed, type Value, without, withValue } from "./values";
import { scalar } from "./writing";

const BEFORE_NEEDS: readonly string[] = ["type", "uses", "name", "group"];

export interface NewStep {
  readonly id: string;
  readonly type?: string;
  readonly needs?: readonly string[];
  readonly run?: string;
  readonly after?: string;
}

/** Adds a step behind the step `after`, or as the last one. */
export function addStep({ id, type = "", needs = [], run = "", after = "" }: NewStep): Change {
  const listed = needs.length === 1 ? (needs[0] ?? "") : [...needs];
  const keys: [string, Value][] = [
    ["type", type || (run === "" ? "custom" : "")],
    ["needs", listed],
    ["run", run],
  ];
  const said = keys.filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value !== ""));
  return putStep(id, new Map(said), { needs, after });
}

/** The same with all that the step says; `needs` are the steps and groups that must be there. */
export function putStep(
  id: string,
  body: Dict,
  { needs = [], after = "" }: { needs?: readonly string[]; after?: string },
): Change {
  const section = (value: Value) => (after === "" ? "steps" : findSection(value, after));
  return {
    splices(source) {
      if (sectionOf(source.value, id) !== undefined) {
        throw new Refusal("exists", `There is a step ${quotedName(id)} already.`, "Choose another id.");
      }
      for (const need of needs) expectNeed(source.value, need);
      const holder = section(source.value);
      const names = [...dictAt(source.value, [holder]).keys()];
      if (names.length === 0) return setValue(source, [holder], new Map([[id, body]]), false);
      const index = after === "" ? names.length : names.indexOf(after) + 1;
      return insert(source, find(source, [holder]), index, id, body, false);
    },
    meaning: (value) =>
      changed(value, [section(value)], (steps) => {
        const pairs = isDict(steps) ? [...steps] : [];
        const index = after === "" ? pairs.length : pairs.findIndex(([name]) => name === after) + 1;
        return new Map([...pairs.slice(0, index), [id, body], ...pairs.slice(index)]);
      }),
  };
}

/** Removes a step, and from every `needs` that names it. Comments that stand outside the step's own lines stay. */
export const removeStep = (id: string): Change => ({
  splices(source) {
    const section = findSection(source.value, id);
    const found = unset(source, [section, id]);
    for (const path of stepPaths(source.value)) {
      if (path[1] !== id && needsOf(at(source.value, [...path, "needs"])).includes(id)) {
        found.push(...removeNeedFrom(source, path, id));
      }
    }
    return found;
  },
  meaning(value) {
    const without_ = changed(value, [findSection(value, id)], (steps) => without(steps, id));
    return stepPaths(without_).reduce((result, path) => withoutNeed(result, path, id), without_);
  },
});

/** Moves a step right before or right behind another one of the same map. Its own comment above goes along. */
export function moveStep(id: string, { before = "", after = "" }: { before?: string; after?: string }): Change {
  const asMove = (value: Value): Change => {
    const [section, other] = [findSection(value, id), before || after];
    if (findSection(value, other) !== section || other === id) {
      const message = `Step ${quotedName(id)} cannot move beside ${quotedName(other)}.`;
      throw new Refusal("no_place", message, `Name another step of \`${section}\`.`);
    }
    const names = [...dictAt(value, [section]).keys()].filter((name) => name !== id);
    return moveEntry([section, id], names.indexOf(other) + (before === "" ? 1 : 0));
  };
  return {
    splices: (source) => asMove(source.value).splices(source),
    meaning: (value) => asMove(value).meaning(value),
  };
}

/** Gives a step another id, in every `needs` and in every expression that reads `steps.<id>`. */
export const renameStep = (old: string, fresh: string): Change => ({
  splices(source) {
    const section = findSection(source.value, old);
    const groups = groupsOf(source.value);
    if (sectionOf(source.value, fresh) !== undefined || groups.has(fresh)) {
      throw new Refusal("exists", `There is a step or a group ${quotedName(fresh)} already.`, "Choose another id.");
    }
    if (groups.has(old)) {
      const message = `${quotedName(old)} is the name of a group as well, and needs may mean it.`;
      throw new Refusal("ambiguous", message, "Give the group another name first.");
    }
    const found = new Map(
      renameKey([section, old], fresh)
        .splices(source)
        .map((part) => [part.start, part]),
    );
    for (const path of stepPaths(source.value)) {
      for (const node of needNodes(source, path)) {
        if (node.text !== old) continue;
        const text = scalar(fresh, { flow: true, style: quotesOf(node) });
        found.set(source.start(node), splice(source.content(node), source.end(node), text));
      }
    }
    return [...found.values(), ...referenceSplices(source, old, fresh)];
  },
  meaning(value) {
    let result = changed(value, [findSection(value, old)], (steps) => renamed(steps, old, fresh));
    for (const path of stepPaths(result)) {
      const needs = at(result, [...path, "needs"]);
      if (needsOf(needs).includes(old)) result = withValue(result, [...path, "needs"], renamedNeed(needs, old, fresh));
      const condition = at(result, [...path, "if"]);
      if (typeof condition === "string") {
        result = withValue(result, [...path, "if"], renamedReferences(condition, old, fresh, true));
      }
    }
    return everywhere(result, (text) => renamedReferences(text, old, fresh, false));
  },
});

function referenceSplices(source: Source, old: string, fresh: string): Splice[] {
  const bare = new Set(stepPaths(source.value).map((path) => writtenAt(source, [...path, "if"])));
  return source.all().flatMap((node) => {
    if (node.kind !== "scalar") return [];
    const isBare = bare.has(node);
    const count = references(node.text, old, isBare).length;
    if (count === 0) return [];
    const quotes = quotesOf(node) === "" ? 0 : 1;
    const [start, end] = [source.content(node) + quotes, source.end(node) - quotes];
    const raw = source.text.slice(start, end);
    // In the text as it is written, or written anew where quotes within quotes hide the name.
    if (references(raw, old, isBare).length === count) {
      return [splice(start, end, renamedReferences(raw, old, fresh, isBare))];
    }
    const text = renamedReferences(node.text, old, fresh, isBare);
    return [splice(start - quotes, end + quotes, scalar(text, { style: node.style }))];
  });
}

/** Lets a step wait for another step, or for a group. */
export const addNeed = (step: string, need: string): Change => ({
  splices(source) {
    const path = [findSection(source.value, step), step];
    expectNeed(source.value, need);
    if (need === step) {
      throw new Refusal("own_need", `Step ${quotedName(step)} cannot wait for itself.`, "Name another step.");
    }
    const needs = at(source.value, [...path, "needs"]);
    if (needsOf(needs).includes(need)) {
      const message = `Step ${quotedName(step)} needs ${quotedName(need)} already.`;
      throw new Refusal("exists", message, "There is nothing to add.");
    }
    if (isNothing(needs)) return firstNeed(source, path, need);
    const target = find(source, [...path, "needs"]);
    if (Array.isArray(needs)) return insert(source, target, needs.length, needs.length, need);
    return intoList(source, target, needs, need);
  },
  meaning(value) {
    const path = [findSection(value, step), step];
    const needs = at(value, [...path, "needs"]);
    if (needs === null || needs === "") {
      const names = [...dictAt(value, path).keys()];
      const index = names.includes("needs") ? names.indexOf("needs") : behindWhatItIs(names);
      return changed(value, path, (holder) => withKey(holder, index, "needs", need));
    }
    return withValue(value, [...path, "needs"], [...(Array.isArray(needs) ? needs : [needs]), need]);
  },
});

const isNothing = (needs: Value) => needs === null || needs === "" || (Array.isArray(needs) && needs.length === 0);

/** The key stands behind the keys that say what the step is. */
const behindWhatItIs = (names: readonly string[]) =>
  Math.max(0, ...BEFORE_NEEDS.map((name) => names.indexOf(name) + 1));

function firstNeed(source: Source, path: readonly string[], need: string): Splice[] {
  const [step, rest] = reach(source, [...path, "needs"]);
  if (rest.length === 0 || step.node.kind !== "mapping" || step.node.pairs.length === 0) {
    return setValue(source, [...path, "needs"], Array.isArray(at(source.value, [...path, "needs"])) ? [need] : need);
  }
  return insert(source, step, behindWhatItIs(source.entries(step.node).map(nameOf)), "needs", need);
}

/** Lets a step no longer wait for another one. `needs` goes when nothing is left in it. */
export const removeNeed = (step: string, need: string): Change => ({
  splices(source) {
    const path = [findSection(source.value, step), step];
    const needs = needsOf(at(source.value, [...path, "needs"]));
    if (!needs.includes(need)) {
      const hint = nearest(need, needs) || `It needs: ${needs.join(", ") || "nothing"}.`;
      throw new Refusal("not_found", `Step ${quotedName(step)} does not need ${quotedName(need)}.`, hint);
    }
    return removeNeedFrom(source, path, need);
  },
  meaning: (value) => withoutNeed(value, [findSection(value, step), step], need),
});

// Needs as values

function renamedNeed(needs: Value, old: string, fresh: string): Value {
  if (Array.isArray(needs)) return needs.map((item) => renamedNeed(item, old, fresh));
  if (isDict(needs) && needs.get("step") === old) return new Map([...needs, ["step", fresh]]);
  return needs === old ? fresh : needs;
}

function withoutNeed(value: Value, path: readonly string[], need: string): Value {
  const needs = at(value, [...path, "needs"]);
  if (!needsOf(needs).includes(need)) return value;
  const rest = Array.isArray(needs) ? needs.filter((item) => needName(item) !== need) : [];
  if (rest.length > 0) return withValue(value, [...path, "needs"], rest);
  return changed(value, path, (step) => without(step, "needs"));
}

function withKey(holder: Value, index: number, name: string, value: Value): Value {
  const pairs = isDict(holder) ? [...holder].filter(([known]) => known !== name) : [];
  return new Map([...pairs.slice(0, index), [name, value], ...pairs.slice(index)]);
}

function everywhere(value: Value, change: (text: string) => string): Value {
  if (isDict(value)) return new Map([...value].map(([name, item]) => [name, everywhere(item, change)]));
  if (Array.isArray(value)) return value.map((item) => everywhere(item, change));
  return typeof value === "string" ? change(value) : value;
}

// Needs in the text

function removeNeedFrom(source: Source, path: readonly string[], need: string): Splice[] {
  const target = find(source, [...path, "needs"]);
  refuseShared(source, target);
  const needs = at(source.value, [...path, "needs"]);
  const items = Array.isArray(needs) ? needs : [needs];
  const gone = new Set(items.flatMap((item, index) => (needName(item) === need ? [index] : [])));
  return gone.size === items.length ? unset(source, [...path, "needs"]) : remove(source, target, gone);
}

/** One need becomes a list of two: on one line, or as the author writes lists of needs nearby. */
function intoList(source: Source, target: Target, old: Value, need: string): Splice[] {
  refuseShared(source, target);
  const parts = put(source, target, [old, need]);
  const hasLines = parts.some(({ text }) => text.includes("\n"));
  if (hasLines || target.entry === null || !isOnOneLine(source, target.node)) return parts;
  const [start, end] = [source.start(target.node), source.end(target.node)];
  const last = scalar(need, { flow: true, quote: source.style.quote });
  return [splice(start, start, "["), splice(end, end, `, ${last}]`)];
}

function isOnOneLine(source: Source, node: Node): boolean {
  const raw = source.text.slice(source.start(node), source.end(node));
  const fits = isCollection(node) || (node.kind === "scalar" && node.style !== "") || !/[,[\]{}?:]/.test(raw);
  return fits && !/[\r\n]/.test(raw);
}
