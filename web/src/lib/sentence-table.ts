/**
 * What the server says in English, by kind and English pattern: `{names}` stand for the parts that change. It is the file
 * that the command line reads (ansflow/cli/locales), and both follow contract/sentences.json.
 */
export interface Table {
  readonly words: Readonly<Record<string, string>>;
  readonly phrases: Readonly<Record<string, string>>;
  readonly sentences: Readonly<Record<string, string>>;
}

const HOLE = /\{([a-z]+)\}/g;
/** Holes for what people have named: a step called `text` keeps its name. */
const VERBATIM: ReadonlySet<string> = new Set([
  ...["axis", "comment", "file", "globs", "key", "names", "need", "path", "people", "step", "steps", "who"],
]);
/** Holes for words of ours that a sentence holds as the API writes them. */
const WORDS: ReadonlySet<string> = new Set(["status", "trigger"]);
/** Holes for a sentence, which loses its dot where another one goes on. */
const SENTENCES: ReadonlySet<string> = new Set(["cause", "error", "why"]);
const LONGEST = 1000; // characters of one sentence: a longer one is somebody's text, and would be looked at for long
const MOST_KEPT = 5000;

interface Pattern {
  readonly start: string;
  readonly end: string;
  readonly source: string;
  readonly target: string;
  /** Made when it is first needed. */
  matches?: RegExp;
}

/** Sentences of the server in another language. What no pattern fits stays English. */
export class Sentences {
  private readonly patterns: Readonly<Record<keyof Table, readonly Pattern[]>>;
  private readonly kept = new Map<string, string>();

  constructor({ words, phrases, sentences }: Table) {
    this.patterns = { words: ordered(words), phrases: ordered(phrases), sentences: ordered(sentences) };
  }

  /** The sentence, or several, one after the other. */
  translated(text: string): string {
    if (text === "") return text;
    const found = this.kept.get(text) ?? (this.match(text, "sentences") || this.split(text) || text);
    if (this.kept.size > MOST_KEPT) this.kept.clear();
    this.kept.set(text, found);
    return found;
  }

  /** Several sentences in one text: `Unknown key 'x'. Did you mean 'y'?` */
  private split(text: string): string {
    for (const { index } of text.matchAll(/(?<=[.?!;]) /g)) {
      const first = this.match(text.slice(0, index), "sentences");
      if (first !== "") return first + this.translated(text.slice(index + 1));
    }
    return "";
  }

  /** The first pattern that fits. Most are told apart by how they begin and end, before any is compiled. */
  private match(text: string, kind: keyof Table): string {
    if (text.length > LONGEST) return "";
    for (const pattern of this.patterns[kind]) {
      if (!text.startsWith(pattern.start) || !text.endsWith(pattern.end)) continue;
      pattern.matches ??= expression(pattern.source);
      const found = pattern.matches.exec(text);
      if (found === null) continue;
      const written = found.groups ?? {};
      const ours = Object.fromEntries(Object.entries(written).map(([name, part]) => [name, this.inHole(name, part)]));
      if (kind === "phrases" && isTorn(written, ours)) continue;
      return pattern.target.replace(HOLE, (_, name: string) => ours[name] ?? "");
    }
    return "";
  }

  private inHole(name: string, text: string): string {
    if (VERBATIM.has(name)) return text;
    const said = (WORDS.has(name) && this.match(text, "words")) || this.part(text);
    if (said !== text || !SENTENCES.has(name)) return said;
    return this.match(`${text}.`, "sentences").replace(/。$/, "") || text;
  }

  /** What stands in a hole may be a phrase, or a sentence, that is translated by itself. */
  private part(text: string): string {
    return this.match(text, "phrases") || this.match(text, "sentences") || text;
  }
}

/**
 * Whether `{one} or {other}` met a sentence: beside its "or" stands one word, something quoted, or a phrase; and a number
 * is one word.
 */
function isTorn(written: Record<string, string>, ours: Record<string, string>): boolean {
  return ["one", "other", "number"].some((name) => {
    const side = written[name];
    return side?.includes(" ") === true && side === ours[name] && !/^['`"]/.test(side);
  });
}

/** What says most first. */
function ordered(table: Readonly<Record<string, string>>): Pattern[] {
  return Object.entries(table)
    .map(([source, target]) => ({ source, target, said: source.split(/\{[a-z]+\}/) }))
    .sort((one, other) => other.said.join("").length - one.said.join("").length)
    .map(({ source, target, said }) => ({ source, target, start: said[0] ?? "", end: said.at(-1) ?? "" }));
}

function expression(source: string): RegExp {
  const parts = source.split(HOLE).map((part, at) => (at % 2 === 1 ? `(?<${part}>.+?)` : escaped(part)));
  return new RegExp(`^${parts.join("")}$`, "s");
}

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
}
