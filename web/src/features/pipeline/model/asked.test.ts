import { expect, test } from "vitest";
import type { AskedInput } from "@/api/generated";
import { Said } from "@/lib/said";
import { controlOf, parametersOf, shownDefault } from "./asked";

function input(name: string, more: Partial<AskedInput> = {}): AskedInput {
  return { name, type: "string", description: "", default: null, required: false, options: [], pattern: "", ...more };
}

function said(values: Record<string, string>): Said {
  const form = new FormData();
  for (const [name, value] of Object.entries(values)) form.append(controlOf({ name }), value);
  return new Said(form);
}

test("values have the types that the file declares", () => {
  const inputs = [
    input("who"),
    input("n", { type: "number" }),
    input("dry", { type: "boolean" }),
    input("env", { type: "choice", options: ["a"] }),
  ];
  expect(parametersOf(inputs, said({ who: "me", n: "1.5", dry: "on", env: "a" }))).toEqual({
    who: "me",
    n: 1.5,
    dry: true,
    env: "a",
  });
});

test("what was left empty is left out, and a box that is not ticked says no", () => {
  const inputs = [
    input("who", { default: "you" }),
    input("n", { type: "number" }),
    input("dry", { type: "boolean", default: true }),
  ];
  expect(parametersOf(inputs, said({ who: "", n: "" }))).toEqual({ dry: false });
});

test("a number that is none goes to the server as it was typed, which says so", () => {
  expect(parametersOf([input("n", { type: "number" })], said({ n: "many" }))).toEqual({ n: "many" });
});

test("an input without a default shows nothing", () => {
  expect([shownDefault({ default: null }), shownDefault({ default: 0 }), shownDefault({ default: false })]).toEqual([
    "",
    "0",
    "false",
  ]);
});
