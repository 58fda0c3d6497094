import { collapsed } from "@/lib/ansi";

export const PAGE = 500; // lines
export const MOST_PAGES = 400;
export const LONGEST = 16_384; // characters of a line that are kept, and shown
const MOST_CHARACTERS = 24_000_000;

/** Where a log stood at one moment: `lines` counts what stands behind the last newline too. */
export interface Standing {
  readonly length: number;
  readonly lines: number;
}

/** Bytes `offset` to `end` of a log. `base64` stands beside `text` where they are no UTF-8. */
export interface Bytes {
  readonly offset: number;
  readonly end: number;
  readonly text: string;
  readonly base64?: string;
}

/**
 * The lines of one attempt's log that this browser holds. Old ones are fetched by number, a page at a time; new ones are
 * added as the socket brings them, placed by their offset, so that nothing is lost or doubled over a reconnect.
 */
export class LogBook {
  /** Lines that there are, as far as is known; the last one may still grow. */
  count = 0;
  /** Bytes that are accounted for: where the socket goes on. */
  length = 0;
  private unfinished = ""; // what stands behind the last newline
  private characters = 0;
  private readonly pages = new Map<number, Page>(); // the most recently read ones last
  private readonly mostPages: number;

  /** `mostPages` are kept at once: fewer where many logs are. */
  constructor(mostPages = MOST_PAGES) {
    this.mostPages = mostPages;
  }

  /** Begins at a standing. `tail` is the log's end, from byte `start` on; what it begins with may be half a line. */
  stand({ length, lines }: Standing, start: number, tail: string): void {
    this.count = lines;
    this.length = length;
    const parts = tail.split("\n");
    this.unfinished = cut(parts.pop() ?? "");
    const complete = this.unfinished === "" ? lines : lines - 1;
    if (start > 0) parts.shift();
    this.put(complete - parts.length + 1, parts);
    if (this.unfinished !== "") this.set(lines, this.unfinished);
  }

  /** What the socket brings: bytes `offset` to `end`. False for a gap, which another standing mends. */
  append({ offset, end, text, base64 }: Bytes): boolean {
    if (end <= this.length) return true;
    if (offset > this.length) return false;
    const fresh =
      offset === this.length
        ? text
        : behind(base64 === undefined ? new TextEncoder().encode(text) : fromBase64(base64), this.length - offset);
    this.length = end;
    const parts = (this.unfinished + fresh).split("\n");
    const first = this.unfinished === "" ? this.count + 1 : this.count;
    this.unfinished = cut(parts.pop() ?? "");
    this.put(first, parts);
    this.count = first + parts.length - 1;
    if (this.unfinished !== "") {
      this.count += 1;
      this.set(this.count, this.unfinished);
    }
    return true;
  }

  line(number: number): string | undefined {
    return this.pages.get(pageOf(number))?.lines[(number - 1) % PAGE];
  }

  put(first: number, lines: readonly string[]): void {
    for (const [at, text] of lines.entries()) this.set(first + at, text);
  }

  /** Pages with those of the lines that are not here, and which are therefore to be fetched. */
  missing(lines: Iterable<number>): number[] {
    const wanted = new Set<number>();
    for (const number of lines) if (number <= this.count && this.line(number) === undefined) wanted.add(pageOf(number));
    return [...wanted];
  }

  /** All but the end of the log, of which more may come: the rest can be fetched again. */
  clear(): void {
    while (this.forget(pageOf(this.count)));
  }

  private set(number: number, said: string): void {
    if (number < 1) return;
    const key = pageOf(number);
    const page = this.pages.get(key) ?? { lines: [], characters: 0 };
    const at = (number - 1) % PAGE;
    const text = cut(said);
    const change = text.length - (page.lines[at]?.length ?? 0);
    page.lines[at] = text;
    page.characters += change;
    this.characters += change;
    this.pages.delete(key);
    this.pages.set(key, page);
    while (this.pages.size > this.mostPages || this.characters > MOST_CHARACTERS) if (!this.forget(key)) break;
  }

  /** The page that was read longest ago, but not the end of the log, and not the one that is being read. */
  private forget(kept: number): boolean {
    for (const [key, { characters }] of this.pages) {
      if (key === pageOf(this.count) || key === kept) continue;
      this.pages.delete(key);
      this.characters -= characters;
      return true;
    }
    return false;
  }
}

interface Page {
  readonly lines: (string | undefined)[];
  characters: number;
}

/**
 * What is kept of a line: of a progress bar the last state, and never more than a browser draws with ease. It is a copy:
 * a part of a text would hold on to the whole of it.
 */
function cut(line: string): string {
  if (line.length <= LONGEST) return line;
  return JSON.parse(JSON.stringify(collapsed(line).slice(0, LONGEST))) as string;
}

/** The lines of a page, from 1. */
export function linesOf(page: number): { first: number; last: number } {
  return { first: page * PAGE + 1, last: (page + 1) * PAGE };
}

/** What stands behind the first so many bytes. */
function behind(bytes: Uint8Array, first: number): string {
  return new TextDecoder().decode(bytes.subarray(first));
}

function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export function pageOf(number: number): number {
  return Math.floor((number - 1) / PAGE);
}
