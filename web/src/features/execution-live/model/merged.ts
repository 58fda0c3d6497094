import type { From, LogPiece } from "./live";
import { LogBook, type Standing } from "./log-book";

const PAGES = 60; // of each log, at most
const READ = 24; // logs of which pages are kept

/** The log of one attempt, as a part of the log of all. */
export interface Source {
  readonly step: string;
  readonly attempt: number;
  readonly book: LogBook;
}

export interface Place {
  readonly source: Source;
  readonly line: number;
}

/** What the execution says of a step. */
export interface Printing {
  readonly key: string;
  readonly attempt: number;
  readonly log_bytes: number;
  readonly isOver: boolean;
  readonly hasBegun: boolean;
}

/**
 * One log of all steps. What was printed before somebody came stands log by log, and what comes while they look, in the
 * order in which it comes: no line that stands somewhere is moved by another that arrived before it. A line stands where it began. Only who printed when is
 * kept here, run by run; the lines themselves are in the books, or fetched when they are looked at.
 */
export class Merged {
  rows = 0;
  private readonly known = new Map<string, Source[]>(); // by step, the attempts in order
  private readonly listed = new Map<Source, number[]>(); // which runs are of this source
  private readonly sources: Source[] = []; // of each run
  private readonly firsts: number[] = []; // the first line of each run
  private readonly ends: number[] = []; // rows that there are with this run
  private readonly counted = new Map<Source, number>(); // lines that have a row
  private read = new Set<Source>(); // whose pages were looked at, the latest last

  /** A log that was there already, with all its lines so far. */
  begin(step: string, attempt: number, standing: Standing, start = standing.length, tail = ""): Source {
    const source = this.source(step, attempt);
    source.book.stand(standing, start, tail);
    this.count(source);
    return source;
  }

  /** What the socket brings. False for a gap, which another standing mends. */
  append(piece: LogPiece): boolean {
    const source = this.source(piece.key, piece.attempt);
    const isNext = source.book.append(piece);
    if (isNext) this.count(source);
    return isNext;
  }

  at(row: number): Place | undefined {
    const run = firstOf(this.ends.length, (one) => (this.ends[one] ?? 0) > row);
    const source = this.sources[run];
    if (source === undefined || row < 0) return undefined;
    return { source, line: (this.firsts[run] ?? 1) + row - (this.ends[run - 1] ?? 0) };
  }

  /** Which lines stand in these rows, log by log. */
  among(first: number, last: number): ReadonlyMap<Source, readonly number[]> {
    const found = new Map<Source, number[]>();
    for (let row = first; row <= last; row++) {
      const place = this.at(row);
      if (place === undefined) break;
      const lines = found.get(place.source);
      if (lines === undefined) found.set(place.source, [place.line]);
      else lines.push(place.line);
    }
    return found;
  }

  /** The row of a line; undefined for one that has not come. */
  rowOf(step: string, attempt: number, line: number): number | undefined {
    const source = this.known.get(step)?.find((one) => one.attempt === attempt);
    if (source === undefined || line < 1 || line > (this.counted.get(source) ?? 0)) return undefined;
    const runs = this.listed.get(source) ?? [];
    const run = runs[firstOf(runs.length, (one) => (this.firsts[runs[one] ?? 0] ?? 0) > line) - 1] ?? 0;
    return (this.ends[run - 1] ?? 0) + line - (this.firsts[run] ?? 1);
  }

  /** From where on the logs of these steps are wanted: of those that print now, or that have not come to their end. */
  wanted(steps: readonly Printing[]): Record<string, From> {
    const open = steps.filter((step) => step.hasBegun && step.attempt > 0 && !this.hasAll(step));
    return Object.fromEntries(
      open.map(({ key }) => {
        const last = this.known.get(key)?.at(-1);
        return [key, { attempt: last?.attempt ?? 1, offset: last?.book.length ?? 0 }];
      }),
    );
  }

  /** Somebody looks at lines of this log: the pages of those that were looked at longest ago are let go. */
  looksAt(source: Source): void {
    this.read.delete(source);
    this.read.add(source);
    const [oldest] = this.read;
    if (this.read.size <= READ || oldest === undefined) return;
    this.read.delete(oldest);
    oldest.book.clear();
  }

  private hasAll({ key, attempt, isOver, log_bytes }: Printing): boolean {
    const last = this.known.get(key)?.at(-1);
    if (!isOver) return false;
    return last === undefined ? log_bytes === 0 : last.attempt >= attempt && last.book.length >= log_bytes;
  }

  private source(step: string, attempt: number): Source {
    const attempts = this.known.get(step) ?? [];
    const found = attempts.find((one) => one.attempt === attempt);
    if (found !== undefined) return found;
    const source = { step, attempt, book: new LogBook(PAGES) };
    this.known.set(
      step,
      [...attempts, source].sort((one, other) => one.attempt - other.attempt),
    );
    return source;
  }

  private count(source: Source): void {
    const before = this.counted.get(source) ?? 0;
    const more = source.book.count - before;
    if (more <= 0) return;
    this.counted.set(source, source.book.count);
    this.rows += more;
    const run = this.sources.length - 1;
    if (this.sources[run] === source) {
      this.ends[run] = this.rows;
      return;
    }
    const runs = this.listed.get(source);
    if (runs === undefined) this.listed.set(source, [run + 1]);
    else runs.push(run + 1); // one array: there may be as many runs as lines
    this.sources.push(source);
    this.firsts.push(before + 1);
    this.ends.push(this.rows);
  }
}

/** The first place from 0 on of which that is so; `length` where it is of none. Once it is so, it stays so. */
function firstOf(length: number, isSo: (place: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
