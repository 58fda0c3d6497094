import { expect, test } from "vitest";
import { HIGHEST, Scroll } from "./scroll";

const VIEW = 600;

test("what a browser can scroll, it scrolls", () => {
  const scroll = new Scroll();
  scroll.moved(1234, 50_000, VIEW);
  expect([scroll.top, scroll.origin, scroll.to(80_000, 50_000, VIEW)]).toEqual([1234, 0, 49_400]);
});

test("of what is higher, a wheel shows every pixel, and the bar reaches both ends", () => {
  const whole = 40 * HIGHEST;
  const scroll = new Scroll();
  const seen: number[] = [];
  for (let bar = 0; bar <= 1000; bar += 100) {
    scroll.moved(bar, whole, VIEW);
    seen.push(scroll.top);
  }
  expect(seen).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  scroll.moved(HIGHEST / 2, whole, VIEW);
  expect(Math.abs(scroll.top / whole - 0.5)).toBeLessThan(0.001);
  scroll.moved(HIGHEST - VIEW, whole, VIEW);
  expect(scroll.top).toBe(whole - VIEW);
  scroll.moved(0, whole, VIEW);
  expect(scroll.top).toBe(0);
});

test("each pixel of the whole can be gone to", () => {
  const whole = 3 * HIGHEST;
  const scroll = new Scroll();
  const bar = scroll.to(whole - VIEW - 20, whole, VIEW);
  scroll.moved(bar, whole, VIEW);
  expect(scroll.top).toBe(whole - VIEW - 20);
});
