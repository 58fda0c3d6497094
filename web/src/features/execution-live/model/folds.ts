/** Lines that are out of sight, from `first` to `last`. */
export interface Fold {
  readonly first: number;
  readonly last: number;
}

/** Which line stands in which row, when some are folded away. Rows count from 0, lines from 1. */
export class Folds {
  readonly rows: number;
  readonly lines: number;
  /** What it was made of. */
  readonly folds: readonly Fold[];
  private readonly apart: readonly Fold[]; // from each other, in order
  private readonly hidden: readonly number[] = []; // lines hidden before each

  constructor(folds: readonly Fold[], lines: number) {
    this.folds = folds;
    this.lines = lines;
    this.apart = joined(folds, lines);
    let hidden = 0;
    this.hidden = this.apart.map(({ first, last }) => {
      const before = hidden;
      hidden += last - first + 1;
      return before;
    });
    this.rows = lines - hidden;
  }

  lineOf(row: number): number {
    let [low, high] = [0, this.apart.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const fold = this.apart[middle] as Fold;
      if (fold.first - (this.hidden[middle] ?? 0) - 1 <= row) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return row + 1;
    const fold = this.apart[low - 1] as Fold;
    return row + 1 + (this.hidden[low - 1] ?? 0) + (fold.last - fold.first + 1);
  }

  /** A hidden line stands where its fold is: in the row before it. */
  rowOf(line: number): number {
    let hidden = 0;
    for (const { first, last } of this.apart) {
      if (first > line) break;
      if (line <= last) return Math.max(0, first - hidden - 2);
      hidden += last - first + 1;
    }
    return line - hidden - 1;
  }
}

function joined(folds: readonly Fold[], lines: number): Fold[] {
  const found: Fold[] = [];
  for (const { first, last } of [...folds].sort((one, other) => one.first - other.first)) {
    const end = Math.min(last, lines);
    if (end < first) continue;
    const before = found.at(-1);
    if (before !== undefined && first <= before.last + 1)
      found[found.length - 1] = { first: before.first, last: Math.max(before.last, end) };
    else found.push({ first, last: end });
  }
  return found;
}
