import type { Path } from "./refusal";

/** A number as it was written: its digits count, so that `3.10` stays `3.10`. */
export class Num {
  readonly kind: "int" | "float";
  readonly text: string;

  constructor(kind: "int" | "float", text: string) {
    this.kind = kind;
    this.text = text;
  }

  get value(): number {
    const text = this.text.toLowerCase();
    if (text.endsWith(".inf")) return text.startsWith("-") ? -Infinity : Infinity;
    return text.endsWith(".nan") ? Number.NaN : Number(text);
  }
}

/** What a document says. Maps keep the order of their keys, whatever the keys look like. */
export type Value = null | boolean | string | Num | Value[] | Dict;
export type Dict = Map<string, Value>;

export const isDict = (value: unknown): value is Dict => value instanceof Map;

const NOTHING = new Set(["", "~", "null", "Null", "NULL"]);
const BOOLEANS = new Map(
  ["true", "True", "TRUE", "false", "False", "FALSE"].map((text) => [text, text.toLowerCase() === "true"]),
);
const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const FLOAT =
  /^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const LONGEST_NUMBER = 400;

/** What may not stand in the text of a document. */
export const UNREADABLE =
  "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff";

/** The YAML 1.2 core schema: null, a boolean, a number, or else text. */
export function scalarValue(text: string): Value {
  if (NOTHING.has(text)) return null;
  const truth = BOOLEANS.get(text);
  if (truth !== undefined) return truth;
  if ([...text].length > LONGEST_NUMBER) return text;
  if (INTEGER.test(text)) return new Num("int", text);
  return FLOAT.test(text) ? new Num("float", text) : text;
}

/** The value as a document would give it back: from JSON, or from a document. */
export function plain(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean" || value instanceof Num) return value;
  if (typeof value === "bigint") return new Num("int", String(value));
  if (typeof value === "number") {
    return Number.isInteger(value) && Math.abs(value) < 1e21
      ? new Num("int", BigInt(value).toString())
      : new Num("float", floatText(value));
  }
  if (Array.isArray(value)) return value.map(plain);
  const pairs = value instanceof Map ? [...value] : Object.entries(value as object);
  return new Map(pairs.map(([name, item]) => [String(name), plain(item)]));
}

/** A float as the server writes it: an exponent below 1e-4 and from 1e16 on, of two digits at least. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value > 0 ? ".inf" : "-.inf";
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-4 || size >= 1e16) ? value.toExponential() : String(value);
  const [digits = "", exponent] = text.split("e");
  if (exponent === undefined) return digits.includes(".") ? digits : `${digits}.0`;
  const sign = exponent.startsWith("-") ? "-" : "+";
  return `${digits}e${sign}${exponent.replace(/^[-+]/, "").padStart(2, "0")}`;
}

/** Equal as documents: 1, 1.0 and true differ, and a number's digits count. The order of keys counts as well. */
export function same(one: Value, other: Value): boolean {
  if (isDict(one) && isDict(other)) {
    const [names, others] = [[...one.keys()], [...other.keys()]];
    return names.length === others.length && names.every((name, at) => name === others[at] && sameAt(one, other, name));
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, at) => same(item, other[at] ?? null));
  }
  if (one instanceof Num && other instanceof Num) return one.kind === other.kind && one.text === other.text;
  return one === other;
}

const sameAt = (one: Dict, other: Dict, name: string) => same(one.get(name) ?? null, other.get(name) ?? null);

// Changes of values: those given stay as they are.

/** The value with what stands at `path` changed; maps that are missing on the way are made. */
export function changed(value: Value, path: Path, change: (value: Value) => Value): Value {
  const [part, ...rest] = path;
  if (part === undefined) return change(value);
  if (typeof part === "number") {
    const items = Array.isArray(value) ? [...value] : [];
    items[part] = changed(items[part] ?? null, rest, change);
    return items;
  }
  const holder: Dict = new Map(isDict(value) ? value : []);
  holder.set(part, changed(holder.get(part) ?? null, rest, change));
  return holder;
}

export const withValue = (value: Value, path: Path, fresh: Value): Value => changed(value, path, () => fresh);

export function without(holder: Value, part: string | number | undefined): Value {
  if (isDict(holder)) return new Map([...holder].filter(([name]) => name !== part));
  return Array.isArray(holder) ? holder.filter((_, index) => index !== part) : holder;
}

export function moved(holder: Value, part: string | number | undefined, index: number): Value {
  if (isDict(holder)) {
    const pairs = [...holder];
    const found = pairs.findIndex(([name]) => name === part);
    pairs.splice(index, 0, ...pairs.splice(found, 1));
    return new Map(pairs);
  }
  const items = Array.isArray(holder) ? [...holder] : [];
  items.splice(index, 0, ...items.splice(Number(part), 1));
  return items;
}

export function renamed(holder: Value, old: string | number | undefined, fresh: string): Value {
  return isDict(holder) ? new Map([...holder].map(([name, item]) => [name === old ? fresh : name, item])) : holder;
}

/** What stands at a path of keys; null where there is nothing. */
export function at(value: Value, path: Path): Value {
  let found: Value = value;
  for (const part of path) found = isDict(found) ? (found.get(String(part)) ?? null) : null;
  return found;
}

export function dictAt(value: Value, path: Path): Dict {
  const found = at(value, path);
  return isDict(found) ? found : new Map();
}
