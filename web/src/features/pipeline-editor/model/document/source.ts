import { load } from "./load";
import {
  type AliasNode,
  below,
  type Collection,
  isCollection,
  type MappingNode,
  type Node,
  type ScalarNode,
} from "./nodes";
import { Refusal } from "./refusal";
import type { Value } from "./values";
import type { Style } from "./writing";

const TRIVIA = /(?:[ \t\r\n]+|(?:^|(?<=[ \t\r\n]))#[^\r\n]*)*/y;
const PROPERTY = /[&!]\S*/y;
const LINE_END = /\r\n|\r|\n|$(?![\s\S])/g;

const SPACES = /^ */;
export const indentOf = (line: string): number => SPACES.exec(line)?.[0].length ?? 0;

/** A pair of a map, or an item of a list. `gate` is where its value may begin: behind its colon or dash. */
export interface Entry {
  readonly start: number;
  readonly gate: number;
  readonly end: number;
  readonly key: ScalarNode | null;
  readonly value: Node;
}

export const nameOf = (entry: Entry): string => entry.key?.text ?? "";

/**
 * Where everything stands in a text: the entries of maps and lists, their lines, and the style of its author. Throws a
 * Refusal for a text that cannot be read.
 */
export class Source {
  readonly text: string;
  readonly value: Value;
  readonly root: Node | null;
  /** Behind the byte order mark. */
  readonly top: number;
  private readonly known = new Map<Node, readonly Entry[]>();
  private knownStyle: Style | undefined;
  private knownBreaks: readonly number[] | undefined;
  private knownAliases: readonly AliasNode[] | undefined;

  constructor(text: string) {
    this.text = text;
    const { value, root } = load(text);
    this.value = value;
    this.root = root;
    this.top = text.startsWith("\ufeff") ? 1 : 0;
  }

  // Lines

  lineStart(index: number): number {
    return index <= this.top ? this.top : Math.max(this.text.lastIndexOf("\n", index - 1) + 1, this.top);
  }

  /** Where the line ends, before its break. */
  lineEnd(index: number): number {
    return this.ending(index)[0];
  }

  nextLine(index: number): number {
    const [at, size] = this.ending(index);
    return at + size;
  }

  private ending(index: number): readonly [at: number, size: number] {
    LINE_END.lastIndex = index;
    const found = LINE_END.exec(this.text);
    return found === null ? [this.text.length, 0] : [found.index, found[0].length];
  }

  column(index: number): number {
    return [...this.text.slice(this.lineStart(index), index)].length;
  }

  leadsItsLine(index: number): boolean {
    return /^ *$/.test(this.text.slice(this.lineStart(index), index));
  }

  /** Where the line break stands that ends the line above. */
  breakBefore(index: number): number {
    const start = this.lineStart(index);
    return start - (this.text.slice(start - 2, start) === "\r\n" ? 2 : 1);
  }

  line(index: number): string {
    return this.text.slice(index, this.lineEnd(index));
  }

  /** Whether a literal block that ends on this line, in a key at `column`, would take a comment below for text. */
  swallows(index: number, column: number): boolean {
    let at = this.nextLine(index);
    while (at < this.text.length && this.line(at).trim() === "") at = this.nextLine(at);
    return isComment(this.line(at)) && indentOf(this.line(at)) > column;
  }

  /** Whether nothing but a comment follows. */
  endsItsLine(index: number): boolean {
    const rest = this.line(index).trim();
    return rest === "" || rest.startsWith("#");
  }

  /** Where the comma stands that follows an entry in brackets. */
  comma(index: number): number | null {
    const at = this.afterTrivia(index);
    return this.text[at] === "," ? at : null;
  }

  /** The line in which a node begins, counted from 0. */
  lineOf(node: Node): number {
    this.knownBreaks ??= [...this.text.matchAll(/\n/g)].map(({ index }) => index);
    let [low, high] = [0, this.knownBreaks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.knownBreaks[middle] ?? 0) < this.start(node)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Behind white space, line breaks and comments. */
  afterTrivia(index: number): number {
    return index + sizeAt(TRIVIA, this.text, index);
  }

  /** The end of the line, or of the last comment line right below that is indented deeper than `column`. */
  tail(index: number, column: number): number {
    let end = this.lineEnd(index);
    while (end < this.text.length) {
      const start = this.nextLine(end);
      const line = this.line(start);
      if (!isComment(line) || indentOf(line) <= column) break;
      end = start + line.length;
    }
    return end;
  }

  /** Where the comment lines begin that stand directly above the line, in its own column. */
  above(index: number): number {
    let start = this.lineStart(index);
    const pad = this.text.slice(start, index);
    while (start > this.top) {
      const before = this.lineStart(this.breakBefore(start));
      if (!this.text.startsWith(`${pad}#`, before)) break;
      start = before;
    }
    return start;
  }

  get eol(): string {
    LINE_END.lastIndex = 0;
    return LINE_END.exec(this.text)?.[0] || "\n";
  }

  // Nodes

  start(node: Node): number {
    return node.start + this.top;
  }

  /** Where the node begins, behind its anchor and tag. */
  content(node: Node): number {
    let at = this.start(node);
    for (const property of [node.anchor, node.tag]) {
      if (property === undefined) continue;
      const size = sizeAt(PROPERTY, this.text, at);
      if (size > 0) at = this.afterTrivia(at + size);
    }
    return at;
  }

  /** Behind the last character of the node, without the blank lines and comments that follow it. */
  end(node: Node): number {
    if (node.kind === "mapping" && !node.flow) {
      const [key, value] = node.pairs.at(-1) ?? [];
      if (key !== undefined && value !== undefined) return this.isEmpty(value) ? this.gate(key) : this.end(value);
    }
    if (node.kind === "sequence" && !node.flow) {
      const last = node.items.at(-1);
      if (last !== undefined) return this.end(last);
    }
    if (isBlockScalar(node)) return this.blockScalarEnd(node);
    return node.end + this.top;
  }

  private blockScalarEnd(node: ScalarNode): number {
    const region = this.text.slice(this.start(node), node.end + this.top);
    const [header = "", ...lines] = region.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    if (!(header.split("#")[0] ?? "").includes("+")) {
      const depths = lines.filter((line) => line.trim() !== "").map(indentOf);
      const depth = depths.length === 0 ? region.length : Math.min(...depths);
      for (let last = lines.at(-1); last !== undefined && isBlank(last, depth); last = lines.at(-1)) lines.pop();
    }
    const text = [header, ...lines].join("");
    const ended = text.endsWith("\r\n") ? 2 : text.endsWith("\n") ? 1 : 0;
    return this.start(node) + text.length - ended;
  }

  /** A value that was left out: `key:`. */
  isEmpty(node: Node): boolean {
    return node.kind === "scalar" && node.start === node.end;
  }

  /** Behind the colon of a key; behind the key where it has none, as in `{a, b}`. */
  gate(key: Node): number {
    const end = this.end(key);
    const colon = this.afterTrivia(end);
    return this.text[colon] === ":" ? colon + 1 : end;
  }

  entries(node: Collection): readonly Entry[] {
    const known = this.known.get(node) ?? (node.kind === "mapping" ? this.pairs(node) : this.items(node));
    this.known.set(node, known);
    return known;
  }

  private pairs(node: MappingNode): Entry[] {
    let at = this.inside(node);
    return node.pairs.map(([key, value]) => {
      const start = this.next(at, node.flow);
      if (key.kind !== "scalar" || start !== this.start(key)) {
        const hint = "Write it as `key: value` first.";
        throw new Refusal("complex_key", "A key written with `?` cannot be edited.", hint, key.start);
      }
      const gate = this.gate(key);
      at = this.isEmpty(value) ? gate : this.end(value);
      return { start, gate, end: at, key, value };
    });
  }

  private items(node: Collection): Entry[] {
    let at = this.inside(node);
    const items = node.kind === "sequence" ? node.items : [];
    return items.map((value) => {
      const start = this.next(at, node.flow);
      at = this.end(value);
      return { start, gate: node.flow ? start : start + 1, end: at, key: null, value };
    });
  }

  /** Behind the opening bracket, if it has one. */
  private inside(node: Collection): number {
    const at = this.content(node);
    return node.flow && "{[".includes(this.text[at] ?? " ") ? at + 1 : at;
  }

  private next(from: number, flow: boolean): number {
    const at = this.afterTrivia(from);
    return flow && this.text[at] === "," ? this.afterTrivia(at + 1) : at;
  }

  get aliases(): readonly AliasNode[] {
    this.knownAliases ??= this.all().filter((node) => node.kind === "alias");
    return this.knownAliases;
  }

  all(): Node[] {
    return this.root === null ? [] : [...below(this.root)];
  }

  // Style

  /** The indentation and the quotes that this text uses most; the house style where it has none. */
  get style(): Style {
    this.knownStyle ??= this.findStyle();
    return this.knownStyle;
  }

  private findStyle(): Style {
    const steps = new Map<number, number>();
    const dashes = new Map<number, number>();
    const quotes = { "'": 0, '"': 0 };
    for (const node of this.all()) {
      if (node.kind === "scalar" && (node.style === "'" || node.style === '"')) quotes[node.style] += 1;
      if (node.kind !== "mapping" || node.flow) continue;
      for (const [key, value] of node.pairs) {
        if (!isCollection(value) || value.flow) continue;
        const counter = value.kind === "mapping" ? steps : dashes;
        const depth = this.column(this.content(value)) - this.column(this.start(key));
        counter.set(depth, (counter.get(depth) ?? 0) + 1);
      }
    }
    const step = mostCommon(steps) ?? 2;
    const quote = quotes["'"] > quotes['"'] ? "'" : quotes['"'] > 0 ? '"' : "";
    return { step, dash: mostCommon(dashes) ?? step, quote, literal: true };
  }
}

export const isBlockScalar = (node: Node): node is ScalarNode =>
  node.kind === "scalar" && (node.style === "|" || node.style === ">");

const isComment = (line: string) => /^ *#/.test(line);

const isBlank = (line: string, depth: number) => line.trim() === "" && line.replace(/[\r\n]+$/, "").length <= depth;

/** Of several that are as common, the first. */
function mostCommon(counter: ReadonlyMap<number, number>): number | undefined {
  let best: number | undefined;
  for (const [value, count] of counter) if (best === undefined || count > (counter.get(best) ?? 0)) best = value;
  return best;
}

function sizeAt(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0].length ?? 0;
}
