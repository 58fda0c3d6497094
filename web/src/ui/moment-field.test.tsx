import { act, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MomentField } from "./moment-field";

const zone = process.env.TZ;

beforeEach(() => {
  process.env.TZ = "Europe/Berlin";
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

function shown(value: string): { says: string; given: string[]; field: HTMLInputElement } {
  const given: string[] = [];
  render(<MomentField label="From" value={value} onChange={(moment) => given.push(moment)} />);
  const field = screen.getByLabelText<HTMLInputElement>("From");
  return { says: field.value, given, field };
}

test.each(["2026-10-25T00:30Z", "2026-10-25T01:30Z"])(
  "%s, in the hour that autumn repeats, stays as it is",
  (moment) => {
    const { says, given } = shown(moment);
    act(() => vi.runAllTimers());
    expect([says, given]).toEqual(["2026-10-25T02:30", []]);
  },
);

test("a moment that is typed is given once somebody rests", () => {
  const { given, field } = shown("");
  fireEvent.change(field, { target: { value: "2026-11-30T08:11" } });
  expect(given).toEqual([]);
  act(() => vi.runAllTimers());
  expect(given).toEqual(["2026-11-30T07:11Z"]);
});
