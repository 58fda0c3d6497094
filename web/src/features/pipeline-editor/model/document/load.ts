import { compose } from "./compose";
import { followed, isMerge, type MappingNode, type Node } from "./nodes";
import { quotedName, Refusal } from "./refusal";
import { type Dict, isDict, Num, scalarValue, UNREADABLE, type Value } from "./values";

const MAX_BYTES = 2 ** 20;
const BAD = new RegExp(`[${UNREADABLE}]`, "u");

/** What a text says (`value`) and where it says it (`root`). */
export interface Loaded {
  readonly value: Value;
  readonly root: Node | null;
}

/** Throws a Refusal for the first thing that is wrong with the text as YAML. */
export function load(text: string): Loaded {
  const body = text.replace(/^\ufeff/, "");
  refuseUnreadable(body);
  const root = compose(body);
  return { root, value: root === null ? null : new Constructor(body).value(root) };
}

function refuseUnreadable(text: string): void {
  if (text.length * 3 > MAX_BYTES) {
    const size = new TextEncoder().encode(text).length;
    const message = `The file has ${size.toLocaleString("en")} bytes; 1,048,576 are allowed.`;
    if (size > MAX_BYTES) throw new Refusal("too_big", message, "Move long scripts to files of their own.", 0);
  }
  const bad = BAD.exec(text);
  if (bad !== null) {
    const code = (bad[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const hint = "Is the file UTF-8 text? In double quotes a character can be written as an escape.";
    throw new Refusal("unreadable", `The character U+${code} cannot stand in a pipeline file.`, hint, bad.index);
  }
  const lone = /\r(?!\n)/.exec(text);
  if (lone !== null) {
    const hint = "Give its lines the usual ends: \\n, or \\r\\n.";
    throw new Refusal("line_ends", "Lines of this file end with a single \\r.", hint, lone.index);
  }
}

class Constructor {
  private readonly text: string;
  private readonly named = new Map<Node, Value>();

  constructor(text: string) {
    this.text = text;
  }

  value(given: Node): Value {
    const node = followed(given);
    const known = this.named.get(node);
    if (known !== undefined) return known;
    let value: Value;
    if (node.kind === "scalar") value = node.style === "" ? scalarValue(node.text) : node.text;
    else if (node.kind === "sequence") value = node.items.map((item) => this.value(item));
    else value = this.mapping(node as MappingNode);
    if (node.tag !== undefined) value = tagged(node, value);
    if (node.anchor !== undefined) this.named.set(node, value);
    return value;
  }

  private mapping(node: MappingNode): Dict {
    const result: Dict = new Map();
    const first = new Map<string, Node>();
    for (const [key, value] of node.pairs) {
      if (key.kind !== "scalar") {
        const hint = "Lists, maps and aliases are no keys.";
        throw new Refusal("bad_key", "A key must be text on one line.", hint, key.start);
      }
      const before = first.get(key.text);
      if (before !== undefined) this.refuseTwice(key.text, before, key);
      first.set(key.text, key);
      if (isMerge(key)) this.merge(result, value);
      else result.set(key.text, this.value(value));
    }
    return result;
  }

  /** What the map says itself wins, before or behind the `<<`; of several merged maps the first wins. */
  private merge(result: Dict, node: Node): void {
    const target = this.value(node);
    for (const merged of Array.isArray(target) ? target : [target]) {
      if (!isDict(merged)) throw new Refusal("bad_merge", "`<<` wants a map or a list of maps.", "", node.start);
      for (const [name, inner] of merged) if (!result.has(name)) result.set(name, inner);
    }
  }

  private refuseTwice(name: string, before: Node, key: Node): never {
    const first = new Refusal("", "", "", before.start).place(this.text);
    const message = `The key ${quotedName(name)} stands twice in this map, first at ${first.line}:${first.column}.`;
    throw new Refusal("duplicate_key", message, "Remove one of the two.", key.start);
  }
}

const TEXT_TAGS = new Set(["tag:yaml.org,2002:str", "!"]);
const CORE_TAGS: Record<string, (value: Value) => boolean> = {
  "tag:yaml.org,2002:map": isDict,
  "tag:yaml.org,2002:seq": Array.isArray,
  "tag:yaml.org,2002:int": (value) => value instanceof Num && value.kind === "int",
  "tag:yaml.org,2002:float": (value) => value instanceof Num && value.kind === "float",
  "tag:yaml.org,2002:bool": (value) => typeof value === "boolean",
  "tag:yaml.org,2002:null": (value) => value === null,
};

function tagged(node: Node, value: Value): Value {
  const tag = node.tag ?? "";
  if (node.kind === "scalar" && TEXT_TAGS.has(tag)) return node.text;
  if (CORE_TAGS[tag]?.(value) === true) return value;
  const name = tag.replace("tag:yaml.org,2002:", "!!");
  const hint = name.startsWith("!") ? `If it is text, quote it: '${name}'; a tag has no meaning here.` : "";
  throw new Refusal("tag", `The tag ${name} cannot be used here.`, hint, node.start);
}
