import { expect, test } from "vitest";
import { foundTexts, withFound } from "./matches";

test("what was found is counted in characters, not in halves of them", () => {
  expect(
    foundTexts("🎉🎉 error 错误 error", [
      [3, 8],
      [9, 11],
      [12, 17],
      [4, 4],
    ]),
  ).toEqual(["error", "错误"]);
});

test("a match across two colours is marked in both", () => {
  const pieces = [
    { text: "an err", classes: "fore-1" },
    { text: "or, an error", classes: "" },
  ];
  expect(withFound(pieces, ["error"])).toEqual([
    { text: "an ", classes: "fore-1" },
    { text: "err", classes: "fore-1", found: true },
    { text: "or", classes: "", found: true },
    { text: ", an ", classes: "" },
    { text: "error", classes: "", found: true },
  ]);
});

test("matches that overlap are marked once, and nothing of a line is lost", () => {
  const marked = withFound([{ text: "aaabaaa", classes: "" }], ["aab", "baa"]);
  expect(marked.map(({ text }) => text).join("")).toBe("aaabaaa");
  expect(marked.filter(({ found }) => found).map(({ text }) => text)).toEqual(["aabaa"]);
});
