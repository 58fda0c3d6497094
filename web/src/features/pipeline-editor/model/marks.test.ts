import { expect, test } from "vitest";
import { saidAt } from "./marks";

const SHIP = ["steps", "ship"];
const GATE = [...SHIP, "approval"];
const PROBLEMS = [
  { path: [...GATE, "required"], message: "This is no number." },
  { path: [...GATE, "approvers", "users", 0], message: "This is no name." },
  { path: [...GATE, "asks"], message: "There is no such key." },
  { path: ["steps", "unit", "approval"], message: "Of another step." },
];

test("a field tells what is wrong anywhere in it", () => {
  expect(saidAt(PROBLEMS, [...GATE, "approvers", "users"])).toBe("This is no name.");
  expect(saidAt(PROBLEMS, GATE)).toBe("This is no number. This is no name. There is no such key.");
});

test("a field around others tells only what none of them tells", () => {
  const own = [
    [...GATE, "required"],
    [...GATE, "approvers", "users"],
  ];
  expect(saidAt(PROBLEMS, GATE, own)).toBe("There is no such key.");
});
