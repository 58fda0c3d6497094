import { expect, test } from "vitest";
import { linesOf } from "./diff";

const DIFF = `--- version 1
+++ version 2
@@ -1,3 +1,3 @@
 version: 1
-name: shop
+name: store
 steps:
@@ -10,1 +10,2 @@
   build: {run: make}
+  test: {run: make test}
`;

test("lines have the numbers that they have in their own text", () => {
  expect(linesOf(DIFF)).toEqual([
    { kind: "same", text: "version: 1", before: 1, after: 1 },
    { kind: "removed", text: "name: shop", before: 2 },
    { kind: "added", text: "name: store", after: 2 },
    { kind: "same", text: "steps:", before: 3, after: 3 },
    { kind: "gap", text: "" },
    { kind: "same", text: "  build: {run: make}", before: 10, after: 10 },
    { kind: "added", text: "  test: {run: make test}", after: 11 },
  ]);
});

test("a line that begins with dashes is no heading once the first hunk has begun", () => {
  expect(linesOf("--- a\n+++ b\n@@ -1 +1 @@\n--- x\n+++ y\n").map(({ kind, text }) => [kind, text])).toEqual([
    ["removed", "-- x"],
    ["added", "++ y"],
  ]);
});

test("equal texts have no lines", () => {
  expect(linesOf("")).toEqual([]);
});
