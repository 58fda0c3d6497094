import { expect, test } from "vitest";
import { HUES, Origins, toneIn } from "./origin";

test("each step has its name and colour, and a later attempt its number", () => {
  const steps = Array.from({ length: HUES + 1 }, (_, at) => ({ key: `s${at}`, name: at === 1 ? "Unit tests" : "" }));
  const origins = new Origins(steps);
  expect(origins.of("s1", 2)).toEqual({ step: "s1", attempt: 2, name: "Unit tests ×2", hue: 1 });
  expect(origins.of(`s${HUES}`, 1)).toMatchObject({ name: `s${HUES}`, hue: 0 });
  expect(origins.of("s1", 1)).toBe(origins.of("s1", 1));
  expect(origins.of("gone", 1)).toMatchObject({ name: "gone", hue: 0 });
});

test.each([
  ["::error file=a.py,line=3::no", "error"],
  ["::warning::hm", "warning"],
  ["::errors are bad", undefined],
  ["said ::error::", undefined],
  [undefined, undefined],
])("%s is %s", (line, tone) => expect(toneIn(line)).toBe(tone));
