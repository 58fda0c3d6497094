import { expect, test } from "vitest";
import { branches, commits, type Known, tags } from "./refs";

const KNOWN: Known = {
  usual: "main",
  recent: [
    { number: 9, branch: "prices", commit: "b".repeat(40) },
    { number: 8, branch: "main", commit: "a".repeat(40) },
    { number: 7, branch: "prices", commit: "a".repeat(40) },
    { number: 6, branch: "", commit: "" },
  ],
  refs: { branches: ["autumn", "main", "prices"], tags: ["v1.10", "v1.2", "v1.9"] },
};

test("the project's branch stands first, then what ran last, then the rest, each once", () => {
  expect(branches(KNOWN)).toEqual([{ value: "main" }, { value: "prices" }, { value: "autumn" }]);
});

test("without a word of the repository there is what has run", () => {
  const known = { ...KNOWN, refs: undefined };
  expect(branches(known)).toEqual([{ value: "main" }, { value: "prices" }]);
  expect(tags(known)).toEqual([]);
});

test("tags are counted as people count", () => {
  expect(tags(KNOWN).map(({ value }) => value)).toEqual(["v1.10", "v1.9", "v1.2"]);
});

test("a commit says as what it ran last", () => {
  expect(commits(KNOWN)).toEqual([
    { value: "b".repeat(40), label: "#9 prices" },
    { value: "a".repeat(40), label: "#8 main" },
  ]);
});

test("a repository of very many branches leaves the page quick", () => {
  const many = Array.from({ length: 5_000 }, (_, number) => `feature/${number}`);
  expect(branches({ ...KNOWN, refs: { branches: many, tags: many } })).toHaveLength(500);
});
