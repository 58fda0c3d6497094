import { expect, test } from "vitest";
import { resolved } from "./needs";

const step = (key: string, needs: string[] = [], more = {}) => ({ key, needs, group: "", matrix: {}, ...more });

test("who needs a matrix or a group needs every step in it", () => {
  const steps = [
    step("source"),
    step("unit (python=3.11)", ["source"], { matrix: { python: "3.11" } }),
    step("unit (python=3.12)", ["source"], { matrix: { python: "3.12" } }),
    step("a", [], { group: "checks" }),
    step("b", [], { group: "checks" }),
    step("ship", ["unit", "checks", "a", "gone"]),
  ];
  expect(resolved(steps).at(-1)?.needs).toEqual(["unit (python=3.11)", "unit (python=3.12)", "a", "b"]);
  expect(resolved(steps)[1]?.needs).toEqual(["source"]);
});
