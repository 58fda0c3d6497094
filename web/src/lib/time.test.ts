import { expect, test } from "vitest";
import { clock, duration, fromLocal, relative, taken, toLocal } from "./time";

test.each([
  [0, "0.0s"],
  [0.84, "0.8s"],
  [9.96, "10s"],
  [59.6, "1m 00s"],
  [72, "1m 12s"],
  [7500, "2h 05m"],
  [90_000, "1d 01h"],
])("%d seconds are written as %s", (seconds, written) => {
  expect(duration(seconds)).toBe(written);
});

test("what was a moment ago is now, whatever the clocks of two machines say", () => {
  const now = Date.parse("2026-11-29T12:00:00Z");
  expect(relative("2026-11-29T12:00:00.4Z", now, "en")).toBe("now");
  expect(relative("2026-11-29T11:57:00Z", now, "en")).toBe("3 min. ago");
  expect(relative("2026-11-29T11:57:00Z", now, "zh-CN")).toBe("3分钟前");
});

test("what has not begun has taken no time that is known", () => {
  expect(taken({ started_at: null, ended_at: null }, 0)).toBeNull();
});

test("a moment of a column is as wide as all others, and of here", () => {
  const at = new Date(2026, 10, 30, 8, 1, 7, 20).getTime();
  expect([clock(at), clock(at + 12 * 3_600_000 + 980)]).toEqual(["08:01:07.020", "20:01:08.000"]);
});

test("what a field says of a moment is that moment again", () => {
  expect(fromLocal(toLocal("2026-11-30T08:11Z"))).toBe("2026-11-30T08:11Z");
  expect(toLocal(fromLocal("2026-03-29T02:59"))).toMatch(/^2026-03-29T0[23]:59$/); // an hour that some zones skip
});

test.each(["", "yesterday", "2026-13-01T00:00"])("%j is no moment", (text) => {
  expect([fromLocal(text), toLocal(text)]).toEqual(["", ""]);
});
