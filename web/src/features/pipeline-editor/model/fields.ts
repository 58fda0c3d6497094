import { load } from "./document/load";
import { isDict, Num, same, type Value } from "./document/values";
import { flowText } from "./document/writing";

/**
 * How a parameter is asked for. `items`: one on each line, as it stands in a pipeline file, `python: 3.12, os: linux` for a map.
 * `in_text`: a form cannot say it, the text can.
 */
export type FieldKind = "text" | "long" | "number" | "switch" | "choice" | "choices" | "list" | "items" | "in_text";

export interface FieldSpec {
  readonly name: string;
  readonly kind: FieldKind;
  readonly about: string;
  readonly options: readonly string[];
  /** What holds where nothing is said, as words; "" where nothing is known. */
  readonly otherwise: string;
  readonly required: boolean;
}

type Schema = Readonly<Record<string, unknown>>;
const EXPRESSION = "\\$\\{\\{"; // every single value may be one: `${{ … }}`

/** The fields of a step type, from the JSON Schema of its parameters. */
export function fieldsOf(parameters: Schema): FieldSpec[] {
  const properties = (parameters.properties ?? {}) as Record<string, Schema>;
  const required = (parameters.required ?? []) as readonly string[];
  return Object.entries(properties).map(([name, schema]) => {
    const leaves = leavesOf(schema);
    return {
      name,
      kind: kindOf(schema, leaves),
      about: typeof schema.description === "string" ? schema.description : "",
      options: optionsOf(leaves),
      otherwise: schema.default === undefined ? "" : words(schema.default),
      required: required.includes(name),
    };
  });
}

/** The forms that a value may have, without expressions. */
function leavesOf(schema: Schema): Schema[] {
  const forms = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(forms)) return (forms as Schema[]).flatMap(leavesOf);
  return schema.pattern === EXPRESSION ? [] : [schema];
}

const typesOf = ({ type }: Schema): readonly string[] =>
  Array.isArray(type) ? (type as string[]) : typeof type === "string" ? [type] : [];

function kindOf(schema: Schema, leaves: readonly Schema[]): FieldKind {
  const has = (type: string) => leaves.some((leaf) => typesOf(leaf).includes(type));
  const list = leaves.find((leaf) => typesOf(leaf).includes("array"));
  const inner = list?.items === undefined ? [] : leavesOf(list.items as Schema);
  if (has("object") || inner.some((leaf) => typesOf(leaf).some((type) => type === "object" || type === "array"))) {
    return "in_text";
  }
  if (list !== undefined)
    return inner.length > 0 && inner.every(({ enum: one }) => one !== undefined) ? "choices" : "list";
  if (leaves.some((leaf) => leaf.enum !== undefined)) return "choice";
  const types = new Set(leaves.flatMap(typesOf));
  if (types.has("string") && !leaves.some(({ pattern }) => isNumber(pattern)))
    return isLong(schema, leaves) ? "long" : "text";
  if (types.has("integer") || types.has("number")) return "number";
  return types.has("boolean") ? "switch" : types.has("string") ? "text" : "in_text";
}

const isNumber = (pattern: unknown) => typeof pattern === "string" && pattern.startsWith("^(?:-?[0-9]");

const isLong = (schema: Schema, leaves: readonly Schema[]) =>
  [schema, ...leaves].some((leaf) => leaf["x-multiline"] === true);

function optionsOf(leaves: readonly Schema[]): string[] {
  const inner = leaves.flatMap((leaf) => (leaf.items === undefined ? [leaf] : leavesOf(leaf.items as Schema)));
  const named = inner.flatMap((leaf) => (Array.isArray(leaf.enum) ? leaf.enum.map(String) : []));
  const hasSwitch = named.length > 0 && leaves.some((leaf) => typesOf(leaf).includes("boolean"));
  return [...new Set([...(hasSwitch ? ["true", "false"] : []), ...named])];
}

function words(value: unknown): string {
  if (Array.isArray(value)) return value.map(words).join(", ");
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

// From the file into the form and back

/** What the form shows; null where the file says something that this form cannot. */
export function shownIn(kind: FieldKind, value: Value): string | null {
  if (kind === "in_text") return value === null ? "" : null;
  if (kind === "items") return lines(value);
  if (Array.isArray(value)) {
    const items = value.map(single);
    const fits =
      (kind === "list" || kind === "choices") && items.every((item) => item !== null && !item.includes("\n"));
    return fits ? items.join("\n") : null;
  }
  return single(value);
}

/** One item on each line; null where it would be read as something else. */
function lines(value: Value): string | null {
  const items = value === null ? [] : Array.isArray(value) ? value : [value];
  const written = items.map((one) => (isDict(one) ? flowText(one).slice(1, -1) : flowText(one)));
  return written.every((line, index) => same(item(line), items[index] ?? null)) ? written.join("\n") : null;
}

/** Throws a Refusal for what is no YAML. */
function item(line: string): Value {
  const isMap = line.includes(": ") && !line.startsWith("{");
  return load(isMap ? `{${line}}` : line).value;
}

function single(value: Value): string | null {
  if (value === null) return "";
  if (value instanceof Num) return value.text;
  return typeof value === "boolean" ? String(value) : typeof value === "string" ? value : null;
}

const NUMBER = /^-?(?:0|[1-9][0-9]*)(\.[0-9]+)?$/;

/**
 * What the file shall say for what stands in the form; undefined: nothing. One item stays without a list where it was. Throws a
 * Refusal for what cannot be read.
 */
export function writtenFrom(kind: FieldKind, text: string, before: Value): Value | undefined {
  const said = kind === "long" ? text : text.trim();
  if (said === "") return undefined;
  if (kind === "number") {
    const number = NUMBER.exec(said);
    return number === null ? said : new Num(number[1] === undefined ? "int" : "float", said);
  }
  if (kind === "switch" || kind === "choice") return said === "true" || said === "false" ? said === "true" : said;
  if (kind !== "list" && kind !== "choices" && kind !== "items") return said;
  const items = said
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (kind === "items") {
    const wasOne = before !== null && !Array.isArray(before) && items.length === 1;
    return wasOne ? item(items[0] ?? "") : items.map(item);
  }
  const known = new Map((Array.isArray(before) ? before : [before]).map((item) => [single(item), item]));
  const values = items.map((item) => known.get(item) ?? item);
  return values.length === 1 && !Array.isArray(before) ? values[0] : values;
}
