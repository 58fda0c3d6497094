import { type Collection, isCollection, type Node, type ScalarNode } from "./nodes";
import { type Entry, indentOf, isBlockScalar, type Source } from "./source";
import { isDict, type Value } from "./values";
import {
  block,
  blockText,
  entryLines,
  flowText,
  foldedText,
  inline,
  isBlock,
  isFull,
  isNested,
  type Style,
  scalar,
} from "./writing";

const BLANK_LINE = /(?:\n|\r(?!\n))[ \t]*[\r\n]/;

/** `text` takes the place of the characters from `start` up to `end`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const splice = (start: number, end: number, text: string): Splice => ({ start, end, text });

export const inOrder = (splices: Iterable<Splice>): Splice[] =>
  [...splices].sort((one, other) => one.start - other.start || one.end - other.end);

/** The text with all changes made; every place is one of the text before them. */
export function spliced(text: string, splices: Iterable<Splice>): string {
  let [result, at] = ["", 0];
  for (const part of inOrder(splices)) {
    if (part.start < at) throw new RangeError(`a change at ${part.start} begins before the end of the one before it`);
    result += text.slice(at, part.start) + part.text;
    at = part.end;
  }
  return result + text.slice(at);
}

/** `asFlow` says whether a list or map is written on one line; null leaves it to the house style. */
export function replaceValue(
  source: Source,
  at: Entry,
  value: Value,
  { inFlow, asFlow = null }: { inFlow: boolean; asFlow?: boolean | null },
): Splice[] {
  if (inFlow) return [replaceInFlow(source, at, value)];
  const old = anatomy(source, at);
  const [first = "", ...rest] = written(source, at, old, value, asFlow);
  const head = [at.value.anchor === undefined ? "" : `&${at.value.anchor}`, first]
    .filter((part) => part !== "")
    .join(" ");
  // Lines that go without a successor take the comment at their end with them.
  const bodyEnd = rest.length > 0 || old.bodyStart === old.bodyEnd ? old.bodyEnd : source.lineEnd(old.bodyEnd);
  return [
    splice(at.gate, old.headEnd, head === "" ? "" : old.gap + head),
    splice(old.bodyStart, bodyEnd, belowLine(source, rest, value, bodyEnd)),
  ];
}

/** Lines to be put behind a line's end. Text that ends in a line break needs one at the end of the file, too. */
function belowLine(source: Source, lines: readonly string[], value: Value, place: number): string {
  const text = lines.map((line) => source.eol + line).join("");
  const ended = lines.length > 0 && place === source.text.length && lastLeaf(value).endsWith("\n");
  return ended ? text + source.eol : text;
}

function lastLeaf(value: Value): string {
  let leaf = value;
  while (isFull(leaf)) leaf = (isDict(leaf) ? [...leaf.values()].at(-1) : leaf.at(-1)) ?? null;
  return typeof leaf === "string" ? leaf : "";
}

function replaceInFlow(source: Source, at: Entry, value: Value): Splice {
  const keep = typeof value === "string" ? quotesOf(at.value) : "";
  let text = keep === "" ? flowText(value, source.style.quote) : scalar(value, { flow: true, style: keep });
  if (at.value.anchor !== undefined) text = `&${at.value.anchor} ${text}`;
  if (!source.isEmpty(at.value)) return splice(source.start(at.value), at.end, text);
  const hasColon = at.key !== null && at.gate > source.end(at.key);
  return splice(at.gate, at.gate, hasColon ? ` ${text}` : `: ${text}`);
}

export const quotesOf = (node: Node): string =>
  node.kind === "scalar" && (node.style === "'" || node.style === '"') ? node.style : "";

/**
 * A value in block style: a head behind the colon or dash (`gap` parts them), and a body on the lines below. `column` is
 * where a map or list begins that takes its place; null where the style decides.
 */
interface Anatomy {
  readonly headEnd: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly gap: string;
  readonly column: number | null;
}

function anatomy(source: Source, at: Entry): Anatomy {
  const old = at.value;
  if (source.isEmpty(old)) {
    const end = source.lineEnd(at.gate);
    return { headEnd: at.gate, bodyStart: end, bodyEnd: end, gap: " ", column: null };
  }
  const [start, content] = [source.start(old), source.content(old)];
  const sameLine = source.lineStart(start) === source.lineStart(at.gate);
  const gap = sameLine ? source.text.slice(at.gate, start) : " ";
  if (isBlockScalar(old)) {
    const bodyStart = source.lineEnd(content);
    return { headEnd: content + headerOf(source, content).length, bodyStart, bodyEnd: at.end, gap, column: null };
  }
  if (isCollection(old) && !old.flow && source.leadsItsLine(content)) {
    const headEnd = old.anchor !== undefined && sameLine ? start + old.anchor.length + 1 : at.gate;
    const bodyStart = source.breakBefore(content);
    return { headEnd, bodyStart, bodyEnd: at.end, gap, column: source.column(content) };
  }
  const end = source.lineEnd(at.end);
  return { headEnd: at.end, bodyStart: end, bodyEnd: end, gap, column: at.key ? null : source.column(content) };
}

const headerOf = (source: Source, at: number) => source.line(at).split(" ")[0] ?? "";

/** What stands behind the colon or dash, and the lines below. */
function written(source: Source, at: Entry, old: Anatomy, value: Value, asFlow: boolean | null): string[] {
  const style = styleFor(source, at, old);
  if (isNested(value)) {
    if (!isFull(value) || asFlow === true || (asFlow === null && !isBlock(value)))
      return [flowText(value, style.quote)];
    return writtenBlock(source, at, old, value, style);
  }
  if (typeof value === "string") {
    const quotes = quotesOf(at.value);
    if (isBlockScalar(at.value)) {
      const kept = blockScalar(source, at, at.value, value, style);
      if (kept !== null) return kept;
    } else if (!value.includes("\n") || quotes === '"') {
      return [scalar(value, { style: quotes, quote: style.quote })];
    }
  }
  return inline(value, source.column(at.start), style);
}

function writtenBlock(source: Source, at: Entry, old: Anatomy, value: Value, style: Style): string[] {
  const isMap = isDict(value);
  const wasBelow = old.column !== null && old.bodyStart < at.end;
  const kept = old.column !== null && (at.key === null || isMap === (at.value.kind === "mapping"));
  const column = source.column(at.start);
  const deeper = at.key === null ? 2 : isMap ? style.step : style.dash;
  const lines = block(value, kept && old.column !== null ? old.column : column + deeper, style);
  if (at.key !== null || at.value.anchor !== undefined || wasBelow) return ["", ...lines];
  const [first = "", ...rest] = lines;
  return [first.replace(/^ +/, ""), ...rest];
}

/** The text as a block scalar of the old kind, as deep as the old one. */
function blockScalar(source: Source, at: Entry, old: ScalarNode, value: string, style: Style): string[] | null {
  if (!style.literal) return null;
  const column = source.column(at.start);
  const body = source.text.slice(source.lineEnd(source.start(old)), at.end).split(/\r\n|\n/);
  const depths = body.filter((line) => line.trim() !== "").map(indentOf);
  const step = (depths.length === 0 ? column + style.step : Math.min(...depths)) - column;
  const write = old.style === ">" ? foldedText : blockText;
  return write(value, column, step) ?? blockText(value, column, step);
}

/** The style of the file; without literal blocks where one would swallow a comment that stands there. */
function styleFor(source: Source, at: Entry, old: Anatomy): Style {
  const inside = source.text.slice(source.lineEnd(at.gate), old.bodyStart);
  const behind = old.bodyEnd > old.bodyStart ? source.line(old.bodyEnd) : "";
  const swallows =
    inside.trim() !== "" || behind.trim() !== "" || source.swallows(old.bodyEnd, source.column(at.start));
  return { ...source.style, literal: !swallows };
}

// Entries come

/** Puts `name: value` or `- value` before the entry at `index`, parted by a blank line if all the others are. */
export function insertBlock(
  source: Source,
  entries: readonly Entry[],
  index: number,
  name: string | null,
  value: Value,
  asFlow: boolean | null,
): Splice[] {
  const [first] = entries;
  if (first === undefined) return [];
  const column = source.column(first.start);
  const blank = areParted(source, entries) ? [""] : [];
  const before = entries[index - 1];
  if (before !== undefined) {
    const place = source.tail(before.end, column);
    const style = { ...source.style, literal: !source.swallows(place, column) };
    const lines = entryLines(name, value, column, style, asFlow);
    return [...shut(source, before), splice(place, place, belowLine(source, [...blank, ...lines], value, place))];
  }
  const lines = entryLines(name, value, column, source.style, asFlow);
  if (!source.leadsItsLine(first.start)) {
    const text = [...lines, " ".repeat(column)].join(source.eol).replace(/^ +/, "");
    return [splice(first.start, first.start, text)];
  }
  const place = lead(source, first);
  return [splice(place, place, [...lines, ...blank].map((line) => line + source.eol).join(""))];
}

function areParted(source: Source, entries: readonly Entry[]): boolean {
  const gaps = entries.slice(1).map((after, at) => source.text.slice(entries[at]?.end, after.start));
  return gaps.length > 0 && gaps.every((gap) => BLANK_LINE.test(gap));
}

/** The block scalar that the entry ends with, if any. */
export function lastBlock(one: Entry): ScalarNode | null {
  let node: Node | undefined = one.value;
  while (isCollection(node) && !node.flow) node = lastIn(node);
  return node !== undefined && isBlockScalar(node) ? node : null;
}

const lastIn = (node: Collection): Node | undefined =>
  node.kind === "mapping" ? node.pairs.at(-1)?.[1] : node.items.at(-1);

/** A block of text that ends a file without a final line break keeps its value when lines follow it. */
export function shut(source: Source, before: Entry): Splice[] {
  const node = lastBlock(before);
  if (node === null || source.end(node) < source.text.length || /[\r\n]$/.test(source.text)) return [];
  const start = source.content(node);
  const header = headerOf(source, start);
  return header.includes("-") ? [] : [splice(start, start + header.length, `${header.replace(/\++$/, "")}-`)];
}

/** Puts the text of an entry before the one at `index`, on a line of its own where the others have one. */
export function insertFlow(source: Source, entries: readonly Entry[], index: number, text: string): Splice[] {
  const neighbour = entries[Math.max(index - 1, 0)];
  if (neighbour === undefined) return [];
  const lineBreak = source.eol + " ".repeat(source.column(neighbour.start));
  const ownLine = source.leadsItsLine(neighbour.start);
  if (index === 0) return [splice(neighbour.start, neighbour.start, text + (ownLine ? `,${lineBreak}` : ", "))];
  const comma = source.comma(neighbour.end);
  const behind = comma === null ? neighbour.end : comma + 1;
  if (!ownLine || !source.endsItsLine(behind)) return [splice(neighbour.end, neighbour.end, `, ${text}`)];
  const place = source.lineEnd(behind);
  if (comma !== null) return [splice(place, place, `${lineBreak}${text},`)];
  return [splice(behind, behind, ","), splice(place, place, lineBreak + text)];
}

/** Where the comment lines begin that speak about the entry; a comment on top of the file speaks about the file. */
export function lead(source: Source, one: Entry): number {
  const above = source.above(one.start);
  return above === source.top ? source.lineStart(one.start) : above;
}
