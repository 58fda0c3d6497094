/**
 * Where rows stand that are not all equally high. A row counts as `usual` high until it has been measured. Both questions
 * (where is this row, which row is here) take as many steps as the number of rows has digits (Fenwick 1994).
 */
export class Heights {
  rows = 0;
  private readonly usual: number;
  private readonly extra = new Map<number, number>(); // of rows that are higher, from 0
  private sums = new Float64Array(0); // Fenwick tree over `extra`, from 1; empty as long as all are alike
  private total = 0;

  constructor(usual: number, rows = 0) {
    this.usual = usual;
    this.rows = rows;
  }

  /** The height of all. */
  get whole(): number {
    return this.rows * this.usual + this.total;
  }

  /** How much higher than before a row turned out to be. */
  set(row: number, height: number): number {
    const change = height - this.usual - (this.extra.get(row) ?? 0);
    if (change === 0) return 0;
    this.extra.set(row, height - this.usual);
    this.total += change;
    if (row >= this.sums.length - 1) this.grow(row);
    else this.add(row, change);
    return change;
  }

  topOf(row: number): number {
    let sum = 0;
    for (let at = Math.min(row, this.sums.length - 1); at > 0; at -= at & -at) sum += this.sums[at] ?? 0;
    return row * this.usual + sum;
  }

  /** The row that `y` lies in; the last one for what lies behind it. */
  rowAt(y: number): number {
    const known = Math.max(0, this.sums.length - 1);
    let [at, left] = [0, y];
    for (let bit = known === 0 ? 0 : 2 ** Math.floor(Math.log2(known)); bit >= 1; bit /= 2) {
      const height = bit * this.usual + (this.sums[at + bit] ?? 0);
      if (at + bit > known || height > left) continue;
      at += bit;
      left -= height;
    }
    const row = at < known ? at : at + Math.floor(left / this.usual);
    return Math.max(0, Math.min(this.rows - 1, row));
  }

  private grow(row: number): void {
    this.sums = new Float64Array(2 ** Math.ceil(Math.log2(row + 2)) + 1);
    for (const [known, height] of this.extra) this.add(known, height);
  }

  private add(row: number, change: number): void {
    for (let at = row + 1; at < this.sums.length; at += at & -at) this.sums[at] = (this.sums[at] ?? 0) + change;
  }
}
