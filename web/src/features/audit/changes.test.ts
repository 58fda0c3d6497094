import { expect, test } from "vitest";
import { asQuery } from "./api";
import { changesOf } from "./changes";
import { parseAudit } from "./search";

test("a change names what was and what is, and leaves out what stayed", () => {
  const entry = { before: { role: "guest", name: "Ann" }, after: { role: "owner", name: "Ann", tags: ["a"] } };
  expect(changesOf(entry)).toEqual([
    { name: "role", before: "guest", after: "owner" },
    { name: "tags", before: undefined, after: '["a"]' },
  ]);
});

test("a name that every object has is a field like others", () => {
  expect(changesOf({ before: {}, after: { constructor: 1 } })).toEqual([
    { name: "constructor", before: undefined, after: "1" },
  ]);
});

test("the address says what is asked for", () => {
  const search = parseAudit({ actor: "ann", action: "project.", type: "project", object: "7", since: "day", page: 2 });
  expect(asQuery(search, Date.parse("2026-11-29T12:00:00Z"))).toEqual({
    actor: "ann",
    action: "project.",
    object_type: "project",
    object_id: 7,
    since: "2026-11-28T12:00:00.000Z",
    page: 2,
    page_size: 50,
  });
});
