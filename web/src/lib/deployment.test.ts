import { describe, expect, it } from "vitest";
import { changesOf } from "./deployment";

const LAST = { execution: 7, number: 3, commit: "a".repeat(40), branch: "main", version: 3, at: "", by: "ann" };
const NOW = { environment: "production", commit: "b".repeat(40), branch: "main", version: 5 };

describe("what changes since the last deployment", () => {
  it("is told from then to now", () => {
    expect(changesOf({ ...NOW, last: LAST })).toEqual([
      { what: "commit", from: "aaaaaaaaaa", to: "bbbbbbbbbb" },
      { what: "branch", from: "main", to: "main" },
      { what: "version", from: "3", to: "5" },
    ]);
  });

  it("is nothing for the first", () => {
    expect(changesOf({ ...NOW, last: null })).toEqual([]);
  });

  it("says nothing of what neither knows, and leaves open what one does not", () => {
    const last = { ...LAST, commit: "", branch: "" };
    expect(changesOf({ ...NOW, branch: "", last })).toEqual([
      { what: "commit", from: "", to: "bbbbbbbbbb" },
      { what: "version", from: "3", to: "5" },
    ]);
  });
});
