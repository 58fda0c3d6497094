import type { LineTimeBody } from "@/api/generated";
import { linesOf, MOST_PAGES, pageOf } from "./log-book";

/** Milliseconds since 1970, `unknown` to everybody, or not here `yet`. */
export type Moment = number | "unknown" | "yet";

export interface Lines {
  readonly first: number;
  readonly last: number;
}

/** When the lines of one attempt's log arrived: of each page as many as have been asked for. */
export class LineTimes {
  private readonly pages = new Map<number, Page>(); // the most recently asked ones last

  of(line: number): Moment {
    const page = this.pages.get(pageOf(line));
    if (page === undefined || line > page.last) return "yet";
    let [low, high] = [0, page.lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((page.lines[middle] ?? 0) > line) high = middle;
      else low = middle + 1;
    }
    return page.moments[low - 1] ?? "unknown";
  }

  /** What is to be asked for, so that these lines are known: to the end of their pages, as far as there are lines. */
  missing(lines: Iterable<number>, count: number): Lines[] {
    const wanted = new Map<number, Lines>();
    for (const line of lines) {
      const key = pageOf(line);
      if (line > count || wanted.has(key) || this.of(line) !== "yet") continue;
      const { first, last } = linesOf(key);
      wanted.set(key, { first: (this.pages.get(key)?.last ?? first - 1) + 1, last: Math.min(last, count) });
    }
    return [...wanted.values()];
  }

  /** What was asked for, in whole. */
  put({ first, last }: Lines, times: readonly LineTimeBody[]): void {
    const key = pageOf(first);
    const { lines, moments } = this.pages.get(key) ?? { lines: [], moments: [] };
    const found = times.filter(({ line }) => line > (lines.at(-1) ?? 0));
    this.pages.delete(key);
    this.pages.set(key, {
      last,
      lines: [...lines, ...found.map(({ line }) => line)],
      moments: [...moments, ...found.map(({ at }) => Date.parse(at))],
    });
    const [oldest] = this.pages.keys();
    if (this.pages.size > MOST_PAGES && oldest !== undefined) this.pages.delete(oldest);
  }
}

interface Page {
  /** Up to here it has been asked for. */
  readonly last: number;
  readonly lines: readonly number[];
  readonly moments: readonly number[];
}
