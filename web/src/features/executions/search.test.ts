import { expect, test } from "vitest";
import { asQuery } from "./api";
import { parseExecutions } from "./search";

test("what a query string says and does not fit is left out", () => {
  expect(parseExecutions({ status: "exploded", project: "-1", page: "2", branch: "main", more: 1 })).toEqual({
    page: 2,
    branch: "main",
  });
});

test("the last day begins 24 hours ago", () => {
  const query = asQuery({ since: "day", trigger: "api", by: "ann" }, Date.parse("2026-11-29T12:00:00Z"));
  expect(query).toEqual({
    created_after: "2026-11-28T12:00:00.000Z",
    trigger_type: "api",
    triggered_by: "ann",
    page_size: 50,
  });
});

test("from one moment to another goes before a last day, and what is no moment is left out", () => {
  const between = { from: "2026-11-28T08:00Z", to: "2026-11-29T08:00Z" };
  expect(parseExecutions({ ...between, since: "day" })).toEqual(between);
  expect(parseExecutions({ from: "2026-11-31", to: "yesterday", since: "day" })).toEqual({ since: "day" });
  expect(asQuery(between, 0)).toEqual({ created_after: between.from, created_before: between.to, page_size: 50 });
});
