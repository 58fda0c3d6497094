import { describe, expect, it } from "vitest";
import { bestFirst, type Kind, says } from "./finding";

const kind = (heading: string, ...names: string[]): Kind => ({
  heading,
  things: names.map((name) => ({ key: `${heading} ${name}`, name, go: async () => {} })),
});
const shown = (typed: string, ...kinds: Kind[]) =>
  bestFirst(typed, kinds).map(({ heading, things }) => [heading, ...things.map(({ name }) => name)]);

describe("what is found", () => {
  it("says every word, in any order and in capitals or not", () => {
    expect(says("Tests unit", "unit tests")).toBe(true);
    expect(says("billing #5", "billing #5", "main")).toBe(true);
    expect(says("main bill", "billing #5", "main")).toBe(true);
    expect(says("unit x", "unit tests")).toBe(false);
    expect(says("", "anything")).toBe(true);
    expect(says("流水", "新建流水线")).toBe(true);
  });

  it("has the name itself before what begins with it, holds it, or is found by other words", () => {
    expect(shown("bill", kind("pipelines", "shop", "old-bill", "billing", "Bill"))).toEqual([
      ["pipelines", "Bill", "billing", "old-bill", "shop"],
    ]);
  });

  it("has the kind of what fits best first, and leaves out kinds of nothing", () => {
    const executions = kind("executions", "billing #5", "billing #4");
    expect(shown("billing", executions, kind("people"), kind("pipelines", "billing"))).toEqual([
      ["pipelines", "billing"],
      ["executions", "billing #5", "billing #4"],
    ]);
  });

  it("keeps the order of what fits alike", () => {
    expect(shown("", kind("pipelines", "b", "a"), kind("projects", "c"))).toEqual([
      ["pipelines", "b", "a"],
      ["projects", "c"],
    ]);
  });
});
