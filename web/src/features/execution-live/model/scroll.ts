/** Browsers draw nothing that is higher: Firefox ends at 17 million pixels, Chromium at 33. */
export const HIGHEST = 12_000_000;
const NEAR = 4; // so many windows away is a jump: a bar that was dragged, and no wheel

/**
 * What lies behind a browser's scroll bar when the whole is higher than a browser can be. Up to `HIGHEST` both are the
 * same. Beyond, a wheel or a key still moves by pixels, and dragging the bar goes to the same share of the whole.
 */
export class Scroll {
  /** The first pixel of the whole that is seen. */
  top = 0;
  /** What the browser's own bar says of it. */
  bar = 0;

  /** The browser has scrolled. */
  moved(bar: number, whole: number, view: number): void {
    const way = bar - this.bar;
    this.bar = bar;
    if (whole <= HIGHEST) this.top = bar;
    else if (bar <= 0) this.top = 0;
    else if (bar >= HIGHEST - view - 1) this.top = whole - view;
    else if (Math.abs(way) > NEAR * view) this.top = (bar / (HIGHEST - view)) * (whole - view);
    else this.top = within(this.top + way, whole, view);
  }

  /** Where the browser's bar is to stand so that this pixel is seen first. */
  to(top: number, whole: number, view: number): number {
    this.top = within(top, whole, view);
    this.bar = whole <= HIGHEST ? this.top : Math.round((this.top / (whole - view)) * (HIGHEST - view));
    return this.bar;
  }

  /** Where the whole begins, seen from the beginning of what the browser scrolls. */
  get origin(): number {
    return this.bar - this.top;
  }
}

function within(top: number, whole: number, view: number): number {
  return Math.max(0, Math.min(top, whole - view));
}
