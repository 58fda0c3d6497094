import { nearest } from "./nearest";
import { below, type Collection, isCollection, isKey, isMerge, merges, type Node, sizeOf } from "./nodes";
import { type Path, quotedName, Refusal } from "./refusal";
import { permute, removeEntries } from "./removals";
import { type Entry, nameOf, type Source } from "./source";
import { insertBlock, insertFlow, replaceValue, type Splice, splice } from "./splices";
import { isDict, type Value } from "./values";
import { block, flowText, isFull, isNested, lengthOf, writtenKey } from "./writing";

const LONGEST_FLOW = 100;
const BARE = /^[^\s.[\]"'\\]+$/;

/** The path as a person writes it: `steps.unit.needs[0]`. */
export function spelled(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") {
      text += `[${part}]`;
      continue;
    }
    const name = BARE.test(part) ? part : `"${part.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
    text += text === "" ? name : `.${name}`;
  }
  return text || "the document";
}

/** A place in the tree. `entry` is null for the root. `inFlow`: it stands within brackets. */
export interface Target {
  readonly path: Path;
  readonly node: Node;
  readonly entry: Entry | null;
  readonly holder: Collection | null;
  readonly index: number;
  readonly inFlow: boolean;
}

/** What stands at `path`. */
export function find(source: Source, path: Path): Target {
  const [target, rest] = reach(source, path);
  if (rest[0] !== undefined) throw missing(target, rest[0]);
  return target;
}

/** The deepest value on the way to `path` that is there, and what is left of the path. */
export function reach(source: Source, path: Path): readonly [Target, Path] {
  if (source.root === null) {
    throw new Refusal("empty", "The file holds no value yet.", "Set a key at the top first.");
  }
  let target: Target = { path: [], node: source.root, entry: null, holder: null, index: 0, inFlow: false };
  for (const [depth, part] of path.entries()) {
    refuseShared(source, target);
    const inner = step(source, target, part);
    if (inner === null) return [target, path.slice(depth)];
    target = inner;
  }
  return [target, []];
}

function step(source: Source, target: Target, part: string | number): Target | null {
  const { node } = target;
  let index = -1;
  if (node.kind === "mapping" && typeof part === "string") {
    index = node.pairs.findIndex(([key]) => isKey(key, part) && !isMerge(key));
  } else if (node.kind === "sequence" && typeof part === "number") {
    index = part < node.items.length ? part : -1;
  }
  if (index < 0 || !isCollection(node)) return null;
  const entry = source.entries(node)[index];
  if (entry === undefined) return null;
  return {
    path: [...target.path, part],
    node: entry.value,
    entry,
    holder: node,
    index,
    inFlow: target.inFlow || node.flow,
  };
}

export function missing(target: Target, part: string | number): Refusal {
  const { node } = target;
  const path = [...target.path, part];
  const none = `There is no ${spelled(path)}.`;
  if (node.kind === "mapping" && typeof part === "string") {
    if (merges(node, part)) {
      const hint = "Change the value there, or set the key here to overrule it.";
      return new Refusal("merged", `${spelled(path)} comes in with a merge key (<<).`, hint, node.start);
    }
    const known = node.pairs.flatMap(([key]) => (key.kind === "scalar" ? [key.text] : []));
    return new Refusal("not_found", none, nearest(part, known) || there(known, "nothing"), node.start);
  }
  if (node.kind === "sequence" && typeof part === "number") {
    const size = node.items.length;
    const hint = `The list has ${size} item${size === 1 ? "" : "s"}; the first is [0].`;
    return new Refusal("not_found", none, hint, node.start);
  }
  const what = node.kind === "mapping" ? "a map" : node.kind === "sequence" ? "a list" : "a single value";
  const name = typeof part === "number" ? String(part) : quotedName(part);
  const message = `${spelled(target.path)} is ${what}: it has no ${name}.`;
  return new Refusal("not_found", message, `Set ${spelled(target.path)} as a whole.`, node.start);
}

export const there = (known: readonly string[], none: string): string => `There: ${known.join(", ") || none}.`;

/** What is about to be changed inside must not show in other places as well. */
export function refuseShared(source: Source, target: Target): void {
  const { node, path } = target;
  if (node.kind === "alias") {
    const message = `${spelled(path)} is an alias of the value marked &${node.target.anchor}.`;
    throw new Refusal("alias", message, "Change that value, or set this one as a whole.", node.start);
  }
  if (node.anchor !== undefined && source.aliases.some((alias) => alias.target === node)) {
    const message = `${spelled(path)} is marked &${node.anchor} and used by aliases: they would change as well.`;
    const hint = "Set the places that use it, or write the value out there first.";
    throw new Refusal("shared", message, hint, node.start);
  }
}

/** What is about to go must not be used by aliases elsewhere. */
function refuseLost(source: Source, target: Target): void {
  if (source.aliases.length === 0) return;
  const inside = new Set(below(target.node));
  if (target.entry?.key) inside.add(target.entry.key);
  for (const alias of source.aliases) {
    if (!inside.has(alias.target) || inside.has(alias)) continue;
    const { line } = new Refusal("", "", "", alias.start).place(source.text);
    const message = `${spelled(target.path)} holds the value marked &${alias.target.anchor}, used in line ${line}.`;
    throw new Refusal("shared", message, "Write the value out where the alias stands first.", alias.target.start);
  }
}

// Changes of what was found

export function setValue(source: Source, path: Path, value: Value, asFlow: boolean | null = null): Splice[] {
  if (path.length === 0) {
    throw new Refusal("whole", "An edit cannot replace the whole document.", "Name a key.");
  }
  if (source.root === null || source.isEmpty(source.root)) return fillEmpty(source, nested(path, value));
  const [target, [next, ...rest]] = reach(source, path);
  if (next === undefined) return put(source, target, value, asFlow);
  if (target.node.kind === "mapping" && typeof next === "string" && rest.length > 0 && merges(target.node, next)) {
    throw missing(target, next);
  }
  return insert(source, target, sizeOf(target.node), next, nested(rest, value), asFlow);
}

/** The value in the place of what stands there. */
export function put(source: Source, target: Target, value: Value, asFlow: boolean | null = null): Splice[] {
  refuseLost(source, target);
  if (target.entry === null) {
    const text = isFull(value) ? block(value, 0, source.style).join(source.eol) : flowText(value);
    return [splice(source.content(target.node), source.end(target.node), text)];
  }
  const flow = asFlow ?? habit(source, nameOf(target.entry), target.node, value);
  return replaceValue(source, target.entry, value, { inFlow: target.inFlow, asFlow: flow });
}

export function unset(source: Source, path: Path): Splice[] {
  const target = find(source, path);
  if (target.holder === null) {
    throw new Refusal("whole", "An edit cannot remove the whole document.", "Name a key.");
  }
  if (target.holder.kind === "mapping" && merges(target.holder, String(path.at(-1)))) {
    const message = `Without ${spelled(path)} the value that a merge key (<<) brings in would show.`;
    throw new Refusal("merged", message, "Set it to the value that it shall have.", target.node.start);
  }
  refuseLost(source, target);
  return remove(source, find(source, path.slice(0, -1)), new Set([target.index]));
}

/** Some entries of a map or list; an empty one is left where all of them go. */
export function remove(source: Source, collection: Target, gone: ReadonlySet<number>): Splice[] {
  const { node } = collection;
  if (!isCollection(node)) return [];
  if (gone.size === sizeOf(node)) return put(source, collection, node.kind === "mapping" ? new Map() : [], true);
  return removeEntries(source, source.entries(node), gone, collection.inFlow || node.flow);
}

/** A new entry before the one at `index`. `name` is its key, or for a list its index. */
export function insert(
  source: Source,
  into: Target,
  index: number,
  name: string | number,
  value: Value,
  asFlow: boolean | null = null,
): Splice[] {
  refuseShared(source, into);
  const { node } = into;
  const key = typeof name === "string" ? name : null;
  if (sizeOf(node) === 0 && (node.kind !== "scalar" || source.isEmpty(node) || ["null", "~"].includes(node.text))) {
    if (key === null && name !== 0 && name !== -1) throw missing(into, name);
    return put(source, into, key === null ? [value] : new Map([[key, value]]));
  }
  if (!isCollection(node) || (node.kind === "mapping") !== (key !== null)) throw missing(into, name);
  const entries = source.entries(node);
  if (typeof name === "number" && !(name >= 0 && name <= entries.length)) throw missing(into, name);
  const at = typeof name === "number" ? name : index;
  if (into.inFlow || node.flow) {
    const text = flowText(value, source.style.quote);
    return insertFlow(source, entries, at, key === null ? text : `${writtenKey(key)}: ${text}`);
  }
  const near = entries[Math.max(at - 1, 0)];
  const flow = asFlow ?? (near === undefined ? null : habit(source, key ?? "", near.value, value));
  return insertBlock(source, entries, at, key, value, flow);
}

export function move(source: Source, collection: Target, old: number, fresh: number): Splice[] {
  const { node } = collection;
  if (!isCollection(node)) return [];
  refuseShared(source, collection);
  const order = Array.from({ length: sizeOf(node) }, (_, index) => index);
  order.splice(fresh, 0, ...order.splice(old, 1));
  return permute(source, source.entries(node), order, collection.inFlow || node.flow);
}

function nested(path: Path, value: Value): Value {
  return [...path]
    .reverse()
    .reduce<Value>((inner, part) => (typeof part === "number" ? [inner] : new Map([[part, inner]])), value);
}

function fillEmpty(source: Source, value: Value): Splice[] {
  const place = source.text.length;
  const start = /[\r\n]$/.test(source.text) || place === source.top ? "" : source.eol;
  const lines = isDict(value) ? block(value, 0, source.style).join(source.eol) : flowText(value);
  return [splice(place, place, start + lines + source.eol)];
}

/** Whether the author writes such lists or maps on one line: under this key nearby, or in this very place. */
function habit(source: Source, name: string, near: Node, value: Value): boolean | null {
  if (!isNested(value) || !isFull(value)) return null;
  const kind = isDict(value) ? "mapping" : "sequence";
  const seen = isCollection(near) && sizeOf(near) > 0 ? near : nearestLike(source, name, near, kind);
  if (seen === undefined) return null;
  return seen.flow && lengthOf(flowText(value)) > LONGEST_FLOW ? null : seen.flow;
}

/** The nearest list or map that is written under the same key. */
function nearestLike(source: Source, name: string, near: Node, kind: Collection["kind"]): Collection | undefined {
  const like = source
    .all()
    .flatMap((node) =>
      node.kind !== "mapping"
        ? []
        : node.pairs.flatMap(([key, value]) =>
            isKey(key, name) && isCollection(value) && value.kind === kind && sizeOf(value) > 0 ? [value] : [],
          ),
    );
  const here = source.lineOf(near);
  let best: Collection | undefined;
  let distance = Number.POSITIVE_INFINITY;
  for (const node of like) {
    const away = Math.abs(source.lineOf(node) - here);
    if (away < distance) [best, distance] = [node, away];
  }
  return best;
}
