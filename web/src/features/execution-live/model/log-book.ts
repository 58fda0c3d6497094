export const PAGE = 1000; // lines
export const MOST_PAGES = 300;

/** Where a log stood at one moment: `lines` counts what stands behind the last newline too. */
export interface Standing {
  readonly length: number;
  readonly lines: number;
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
  private readonly pages = new Map<number, (string | undefined)[]>(); // the most recently read ones last

  /** Begins at a standing. `tail` is the log's end, from byte `start` on; what it begins with may be half a line. */
  stand({ length, lines }: Standing, start: number, tail: string): void {
    this.count = lines;
    this.length = length;
    const parts = tail.split("\n");
    this.unfinished = parts.pop() ?? "";
    const complete = this.unfinished === "" ? lines : lines - 1;
    if (start > 0) parts.shift();
    this.put(complete - parts.length + 1, parts);
    if (this.unfinished !== "") this.set(lines, this.unfinished);
  }

  /** What the socket brings: bytes `offset` to `end`. False for a gap, which another standing mends. */
  append(offset: number, end: number, text: string): boolean {
    if (end <= this.length) return true;
    if (offset > this.length) return false;
    const fresh = offset === this.length ? text : behind(text, this.length - offset);
    this.length = end;
    const parts = (this.unfinished + fresh).split("\n");
    const first = this.unfinished === "" ? this.count + 1 : this.count;
    this.unfinished = parts.pop() ?? "";
    this.put(first, parts);
    this.count = first + parts.length - 1;
    if (this.unfinished !== "") {
      this.count += 1;
      this.set(this.count, this.unfinished);
    }
    return true;
  }

  line(number: number): string | undefined {
    return this.pages.get(pageOf(number))?.[(number - 1) % PAGE];
  }

  put(first: number, lines: readonly string[]): void {
    for (const [at, text] of lines.entries()) this.set(first + at, text);
  }

  /** Pages of which something between the two lines is not here, and which are therefore to be fetched. */
  missing(first: number, last: number): number[] {
    const wanted: number[] = [];
    for (let page = pageOf(first); page <= pageOf(Math.min(last, this.count)); page++) {
      const [from, to] = [Math.max(first, page * PAGE + 1), Math.min(last, this.count, (page + 1) * PAGE)];
      for (let number = from; number <= to; number++) {
        if (this.line(number) !== undefined) continue;
        wanted.push(page);
        break;
      }
    }
    return wanted;
  }

  private set(number: number, text: string): void {
    if (number < 1) return;
    const key = pageOf(number);
    const page = this.pages.get(key) ?? [];
    page[(number - 1) % PAGE] = text;
    this.pages.delete(key);
    this.pages.set(key, page);
    if (this.pages.size > MOST_PAGES) this.forget();
  }

  private forget(): void {
    for (const key of this.pages.keys()) {
      if (key !== pageOf(this.count)) {
        this.pages.delete(key);
        return;
      }
    }
  }
}

/** The lines of a page, from 1. */
export function linesOf(page: number): { first: number; last: number } {
  return { first: page * PAGE + 1, last: (page + 1) * PAGE };
}

/** What stands behind the first so many bytes of a text. */
function behind(text: string, bytes: number): string {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(bytes));
}

function pageOf(number: number): number {
  return Math.floor((number - 1) / PAGE);
}
