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
