import { type Dict, isDict, Num, scalarValue, UNREADABLE, type Value } from "./values";

const SHORT_LIST = 70;

const STARTS_PLAIN = /^(?:[^-?:,[\]{}#&*!|>'"%@`\s]|[-?:](?=[^\s,[\]{}]))/u;
const STOPS_PLAIN = new RegExp(`[${UNREADABLE}]|[\\t\\r\\n]|: | #|:$|\\s$|^---|^\\.\\.\\.|^<<$`, "u");
const STOPS_FLOW = /[,[\]{}?]|^:|:[,[\]{}]/u;
const NEEDS_ESCAPE = new RegExp(`[${UNREADABLE}]|[\\t\\r\\n]`, "u");
const ALL_ESCAPES = new RegExp(NEEDS_ESCAPE.source, "gu");
const STOPS_BLOCK = new RegExp(`[${UNREADABLE}]|\\r`, "u");
const ESCAPES: Record<string, string> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1b": "\\e" };

/**
 * How far a map is indented under its key, a list's dashes under theirs; the quotes for text that needs some; and
 * whether text of several lines may become a literal block.
 */
export interface Style {
  readonly step: number;
  readonly dash: number;
  readonly quote: string;
  readonly literal: boolean;
}

const HOUSE: Style = { step: 2, dash: 2, quote: "", literal: true };

export const lengthOf = (text: string): number => [...text].length;

/** Whether the text is read as that very text without quotes. */
function isPlain(text: string, flow = false): boolean {
  if (!STARTS_PLAIN.test(text) || STOPS_PLAIN.test(text) || (flow && STOPS_FLOW.test(text))) return false;
  return typeof scalarValue(text) === "string";
}

/** The text in quotes: double ones, unless single ones read better, or were asked for and can hold it. */
export function quoted(text: string, style = ""): string {
  if (!NEEDS_ESCAPE.test(text) && (style === "'" || (style === "" && /["\\]/.test(text)))) {
    return `'${text.replaceAll("'", "''")}'`;
  }
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replace(ALL_ESCAPES, escaped)}"`;
}

function escaped(found: string): string {
  const code = found.charCodeAt(0);
  const hex = code.toString(16);
  return ESCAPES[found] ?? (code < 256 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`);
}

interface ScalarForm {
  flow?: boolean;
  style?: string;
  quote?: string;
}

/** A scalar on one line. Text keeps the quotes it had (`style`), or gets some (`quote`) where it needs them. */
export function scalar(value: Value, { flow = false, style = "", quote = "" }: ScalarForm = {}): string {
  if (typeof value === "string") {
    return style !== "" || !isPlain(value, flow) ? quoted(value, style || quote) : value;
  }
  if (value === null) return "null";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value instanceof Num) return value.text;
  throw new TypeError("a list or a map is no scalar");
}

/** A key is text whatever it looks like, so that `3.10` and `on` need no quotes. */
export function writtenKey(text: string): string {
  return STARTS_PLAIN.test(text) && !STOPS_PLAIN.test(text) && !STOPS_FLOW.test(text) ? text : quoted(text);
}

/** Any value on one line. */
export function flowText(value: Value, quote = ""): string {
  if (isDict(value)) {
    return `{${[...value].map(([name, item]) => `${writtenKey(name)}: ${flowText(item, quote)}`).join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => flowText(item, quote)).join(", ")}]`;
  return scalar(value, { flow: true, quote });
}

export const isFull = (value: Value): value is Value[] | Dict =>
  (isDict(value) && value.size > 0) || (Array.isArray(value) && value.length > 0);

export const isNested = (value: Value): value is Value[] | Dict => isDict(value) || Array.isArray(value);

/** Whether the house style gives the value lines of its own. A list of few words reads best as `[a, b]`. */
export function isBlock(value: Value): boolean {
  return isFull(value) && (isDict(value) || !isShort(value));
}

function isShort(items: readonly Value[]): boolean {
  if (items.some((item) => isNested(item) || (typeof item === "string" && item.includes(" ")))) return false;
  return lengthOf(flowText([...items])) <= SHORT_LIST;
}

/** The lines of a map or list that has something in it, indented. */
export function block(value: Value, indent: number, style: Style = HOUSE): string[] {
  if (isDict(value)) return [...value].flatMap(([name, item]) => entryLines(name, item, indent, style));
  return Array.isArray(value) ? value.flatMap((item) => entryLines(null, item, indent, style)) : [];
}

/** The lines of `name: value`, or of `- value` for an item; `asFlow` overrules the house style. */
export function entryLines(
  name: string | null,
  value: Value,
  indent: number,
  style: Style = HOUSE,
  asFlow: boolean | null = null,
): string[] {
  const lead = " ".repeat(indent) + (name === null ? "-" : `${writtenKey(name)}:`);
  if (isFull(value) && (asFlow === null ? isBlock(value) : !asFlow)) {
    if (name === null) {
      const [first = "", ...rest] = block(value, indent + 2, style);
      return [`${lead} ${first.slice(indent + 2)}`, ...rest];
    }
    return [lead, ...block(value, indent + (isDict(value) ? style.step : style.dash), style)];
  }
  const [first = "", ...rest] = isNested(value) ? [flowText(value, style.quote)] : inline(value, indent, style);
  return [`${lead} ${first}`, ...rest];
}

/** A value that begins behind its key or dash, at `indent`: one line, or the lines of a block scalar. */
export function inline(value: Value, indent: number, style: Style = HOUSE): string[] {
  if (typeof value === "string" && value.includes("\n") && style.literal) {
    return blockText(value, indent, style.step) ?? [quoted(value)];
  }
  if (isNested(value)) return [flowText(value, style.quote)];
  return [scalar(value, { quote: style.quote })];
}

const withoutEnd = (text: string) => (text.endsWith("\n") ? text.slice(0, -1) : text);

/** The lines of a literal block scalar; null where only quotes hold the text, or show it: blank lines at its end. */
export function blockText(text: string, indent: number, step: number): string[] | null {
  const body = withoutEnd(text);
  const first = body.split("\n").find((line) => line !== "") ?? "";
  if (first.trim() === "" || first.startsWith("\t") || body.endsWith("\n") || STOPS_BLOCK.test(text) || step > 9) {
    return null;
  }
  const chomp = text.endsWith("\n") ? "" : "-";
  const indicator = first.startsWith(" ") ? String(step) : "";
  const pad = " ".repeat(indent + step);
  return [`|${indicator}${chomp}`, ...body.split("\n").map((line) => (line === "" ? "" : pad + line))];
}

/** The lines of a folded block scalar, which writes a line break as a blank line; null where it cannot. */
export function foldedText(text: string, indent: number, step: number): string[] | null {
  if (text.split("\n").some((line) => /^[ \t]/.test(line) || line !== line.trimEnd())) return null;
  const lines = blockText(withoutEnd(text).replace(/\n+/g, "$&\n"), indent, step);
  if (lines === null || text.startsWith("\n")) return null;
  return [text.endsWith("\n") ? ">" : ">-", ...lines.slice(1)];
}
