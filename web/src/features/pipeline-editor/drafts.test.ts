import { afterEach, expect, test, vi } from "vitest";
import { draftKey, draftOf, dropDraft, keepDraft } from "./drafts";

const DRAFT = { text: "steps:\n  a: make\n", version: 3, at: "2026-01-01T00:00:00.000Z" };

afterEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

test("a draft is kept until it is dropped", () => {
  const key = draftKey(1, 7, 2);
  expect(draftOf(key)).toBeNull();
  keepDraft(key, DRAFT);
  expect(draftOf(key)).toEqual(DRAFT);
  dropDraft(key);
  expect(draftOf(key)).toBeNull();
});

test("another person, another pipeline and a new one of another project have drafts of their own", () => {
  const keys = [draftKey(1, 7, 2), draftKey(2, 7, 2), draftKey(1, 8, 2), draftKey(1, null, 2), draftKey(1, null, 3)];
  expect(new Set(keys).size).toBe(keys.length);
});

test.each(["{", "null", '"a text"', '{"text": 1, "version": 3, "at": ""}', '{"text": "x"}'])(
  "what is kept and is no draft is none: %s",
  (kept) => {
    sessionStorage.setItem("one", kept);
    expect(draftOf("one")).toBeNull();
  },
);

test("a browser that keeps nothing has no draft, and nothing falls over", () => {
  const refuse = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  vi.stubGlobal("sessionStorage", { getItem: refuse, setItem: refuse, removeItem: refuse });
  keepDraft("one", DRAFT);
  expect(draftOf("one")).toBeNull();
  dropDraft("one");
});
