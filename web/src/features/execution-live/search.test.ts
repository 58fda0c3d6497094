import { expect, test } from "vitest";
import { hashOf, parseExecution, rangeOf, tidy } from "./search";

test("lines stand in the address, one or several, and nothing else does", () => {
  expect(rangeOf("#L12")).toEqual({ first: 12, last: 12 });
  expect(rangeOf("L140-L120")).toEqual({ first: 120, last: 140 });
  for (const hash of ["", "#", "#L", "#L0", "#12", "#L1-2", "#L1-L2-L3", "#<script>"]) expect(rangeOf(hash)).toBeNull();
  for (const hash of ["L7", "L7-L9"]) expect(hashOf(rangeOf(hash) ?? { first: 0, last: 0 })).toBe(hash);
});

test("what an address says and does not fit is left out", () => {
  expect(parseExecution({ view: "graph", tab: "secrets", attempt: "2", find: "" })).toEqual({
    view: "graph",
    attempt: 2,
  });
});

test("what is shown unasked does not stand in the address", () => {
  const shown = { view: "list", tab: "log", attempt: 2, find: "", regex: false, capitals: true } as const;
  expect(tidy(shown)).toEqual({ attempt: 2, capitals: true });
});
