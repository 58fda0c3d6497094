import {
  Composer,
  type CST,
  Alias as FoundAlias,
  type YAMLMap as FoundMap,
  type Node as FoundNode,
  type Pair as FoundPair,
  type Scalar as FoundScalar,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Parser,
} from "yaml";
import { nearest } from "./nearest";
import type { Node } from "./nodes";
import { Refusal } from "./refusal";

const MAX_DEPTH = 50;
const MAX_NODES = 50_000;
const MAX_ALIASES = 100;

const STYLES: Record<string, string> = { QUOTE_SINGLE: "'", QUOTE_DOUBLE: '"', BLOCK_LITERAL: "|", BLOCK_FOLDED: ">" };
const BLANK_LINE = /[ ]*(?:\r\n|\n)/y;
const TRIVIA = /(?:[ \t\r\n]+|(?<=[ \t\r\n])#[^\r\n]*)*/y;

type Token = { readonly type: string; readonly offset: number; readonly source: string };

/** The tree of the one document in `text`, null where it has none. Throws a Refusal, also beyond the limits. */
export function compose(text: string): Node | null {
  const tokens = [...new Parser().parse(text)];
  for (const token of tokens) {
    if (token.type === "directive" && !/^%YAML[ \t]+1\.2\b/.test(token.source)) {
      throw new Refusal(
        "directive",
        "This reader speaks YAML 1.2 without tags.",
        "Remove the line with '%'.",
        token.offset,
      );
    }
  }
  const options = { schema: "failsafe", uniqueKeys: false, keepSourceTokens: true, merge: false } as const;
  const documents = [...new Composer(options).compose(tokens)];
  const [document, second] = documents;
  if (document === undefined) return null;
  const [error] = document.errors;
  if (error !== undefined)
    throw new Refusal("syntax", `This is no YAML: ${firstLine(error.message)}`, "", error.pos[0]);
  if (second !== undefined) {
    const at = second.range[0];
    throw new Refusal("several_documents", "A second YAML document starts here.", "Keep one document in a file.", at);
  }
  const token = tokens.find(({ type }) => type === "document") as CST.Document | undefined;
  return new Builder(text).node(document.contents as FoundNode | null, token?.start ?? [], 1, text.length);
}

const firstLine = (message: string) => message.split("\n", 1)[0] ?? "";

class Builder {
  private readonly text: string;
  private readonly anchors = new Map<string, Node>();
  private readonly open = new Set<string>();
  private nodes = 0;
  private aliases = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** `near` holds the tokens before the node; `fallback` is where a value that was left out would stand. */
  node(found: FoundNode | null, near: readonly Token[], depth: number, fallback: number): Node {
    this.count(1, found?.range?.[0] ?? fallback);
    if (found instanceof FoundAlias || isAlias(found)) return this.alias(found);
    const properties = found === null ? [] : near.filter(({ type }) => type === "anchor" || type === "tag");
    const [tag] = properties.filter(({ type }) => type === "tag").map(({ source }) => tagOf(source));
    const anchor = (found as { anchor?: string } | null)?.anchor;
    const own = anchor === undefined && tag === undefined ? [] : properties;
    const at = found?.range?.[0] ?? fallback;
    const placed = { start: Math.min(at, ...own.map(({ offset }) => offset)), anchor, tag };
    if (found === null || isScalar(found)) {
      const node: Node = { kind: "scalar", ...placed, size: 1, ...this.scalar(found as FoundScalar | null, at, own) };
      if (anchor !== undefined) this.anchors.set(anchor, node);
      return node;
    }
    if (depth > MAX_DEPTH) {
      throw new Refusal("too_deep", `More than ${MAX_DEPTH} levels of lists and maps.`, "Write it flatter.", at);
    }
    return this.collection(found as FoundMap, placed, depth, at);
  }

  private scalar(found: FoundScalar | null, at: number, own: readonly Token[]) {
    const style = STYLES[found?.type ?? ""] ?? "";
    let text = found === null ? "" : String(found.value ?? "");
    let end = found?.range?.[1] ?? at;
    if (found === null || (style === "" && end <= at))
      end = Math.max(at * Number(own.length === 0), ...own.map(ending));
    if (style === "|" || style === ">") {
      for (let more = matchAt(BLANK_LINE, this.text, end); more > 0; more = matchAt(BLANK_LINE, this.text, end)) {
        end += more;
      }
      // A block that the file ends without a line break has none, as the server reads it.
      if (text.endsWith("\n") && /[^\n \t]$/.test(this.text.slice(at, end))) text = text.slice(0, -1);
    }
    return { text, style, end };
  }

  private collection(
    found: FoundMap,
    placed: { start: number; anchor: string | undefined; tag: string | undefined },
    depth: number,
    at: number,
  ): Node {
    const before = this.nodes;
    if (placed.anchor !== undefined) this.open.add(placed.anchor);
    const flow = found.flow === true;
    let end = found.range?.[1] ?? at;
    // A pair without braces in a list of brackets reaches up to what follows it.
    if (flow && found.srcToken === undefined && !"{[".includes(this.text[at] ?? " ")) {
      end += matchAt(TRIVIA, this.text, end);
    }
    const inside = isMap(found)
      ? { kind: "mapping" as const, pairs: this.pairs(found, depth + 1) }
      : { kind: "sequence" as const, items: this.items(found, depth + 1) };
    const node: Node = { ...inside, ...placed, flow, end, size: 1 + this.nodes - before };
    if (placed.anchor !== undefined) {
      this.open.delete(placed.anchor);
      this.anchors.set(placed.anchor, node);
    }
    return node;
  }

  private pairs(found: FoundMap, depth: number): [Node, Node][] {
    return found.items.map((pair) => {
      const { key, value, srcToken } = pair as FoundPair<FoundNode | null, FoundNode | null>;
      const source = srcToken as { start?: Token[]; sep?: Token[] } | undefined;
      const behind = source?.sep?.find(({ type }) => type === "map-value-ind");
      const first = this.node(key, source?.start ?? [], depth, behind?.offset ?? found.range?.[0] ?? 0);
      return [first, this.node(value, source?.sep ?? [], depth, behind === undefined ? first.end : ending(behind))];
    });
  }

  private items(found: FoundMap, depth: number): Node[] {
    const source = found.srcToken as { items?: { start?: Token[]; sep?: Token[] }[] } | undefined;
    return (found.items as unknown[]).map((item, index) => {
      const start = source?.items?.[index]?.start ?? [];
      const inner = isSeq(item) || isMap(item) || isScalar(item) || isAlias(item) ? (item as FoundNode) : null;
      // The anchor before a pair without braces is that of its key.
      const near = isMap(inner) && inner.srcToken === undefined ? [] : start;
      const last = start.at(-1);
      return this.node(inner, near, depth, last === undefined ? (found.range?.[0] ?? 0) : ending(last));
    });
  }

  private alias(found: FoundAlias): Node {
    const [start = 0, end = 0] = found.range ?? [];
    const name = found.source;
    this.aliases += 1;
    if (this.aliases > MAX_ALIASES) {
      const hint = "Use `defaults` or a template.";
      throw new Refusal("too_many_aliases", `More than ${MAX_ALIASES} aliases.`, hint, start);
    }
    if (this.open.has(name)) {
      const message = `*${name} stands within the value that it names.`;
      throw new Refusal("recursive_alias", message, "Write it out.", start);
    }
    const target = this.anchors.get(name);
    if (target === undefined) {
      const hint =
        nearest(name, this.anchors.keys()) || `Mark a value with &${name} above, or quote the text: '*${name}'.`;
      throw new Refusal("unknown_anchor", `No value above is marked &${name}.`, hint, start);
    }
    this.count(target.size - 1, start);
    return { kind: "alias", start, end, anchor: undefined, tag: undefined, size: target.size, target };
  }

  private count(more: number, at: number): void {
    this.nodes += more;
    if (this.nodes <= MAX_NODES) return;
    const hint = "Split the file, or use short forms, such as `id: command` for a step: they cost fewer values.";
    throw new Refusal("too_many_nodes", "More than 50,000 values, aliases expanded.", hint, at);
  }
}

const ending = ({ offset, source }: Token) => offset + source.length;

function tagOf(source: string): string {
  if (source.startsWith("!<")) return source.slice(2, -1);
  return source.startsWith("!!") ? `tag:yaml.org,2002:${source.slice(2)}` : source;
}

function matchAt(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0].length ?? 0;
}
