import { expect, test } from "vitest";
import { parametersOf } from "./parameters";

const EXPRESSION = { type: "string", pattern: "\\$\\{\\{", description: "An expression" };

test("a parameter says its kind, its choices, and what holds without it", () => {
  const schema = {
    required: ["tool"],
    properties: {
      tool: { anyOf: [{ enum: ["make", "npm"] }, EXPRESSION], description: "Which tool" },
      depth: {
        anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: "^(?:-?[0-9]{1,20})$" }, EXPRESSION],
        default: 0,
      },
      lfs: { anyOf: [{ type: "boolean" }, EXPRESSION], default: false },
      args: { anyOf: [{ type: ["string", "number"] }, { type: "array", items: { type: "string" } }] },
    },
  };
  expect(parametersOf(schema)).toEqual([
    {
      name: "tool",
      kinds: ["choice"],
      choices: ["make", "npm"],
      fallback: "",
      required: true,
      description: "Which tool",
    },
    { name: "depth", kinds: ["number"], choices: [], fallback: "0", required: false, description: "" },
    { name: "lfs", kinds: ["boolean"], choices: [], fallback: "false", required: false, description: "" },
    { name: "args", kinds: ["text", "list"], choices: [], fallback: "", required: false, description: "" },
  ]);
});

test("choices of a list are choices", () => {
  const scanners = {
    anyOf: [{ enum: ["secrets"] }, { type: "array", items: { anyOf: [{ enum: ["secrets", "shell"] }, EXPRESSION] } }],
  };
  expect(parametersOf({ properties: { scanners } })[0]).toMatchObject({
    kinds: ["choice", "list"],
    choices: ["secrets", "shell"],
  });
});

test("a type that wants to know nothing has no parameters", () => {
  expect(parametersOf({ type: "object" })).toEqual([]);
});
