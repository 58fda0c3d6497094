import { expect, test } from "vitest";
import { restOf } from "./rests";

const AT = "2026-11-30T08:00:00Z";

test.each([
  [null, null, true, null],
  [null, null, false, "inactive"],
  [null, AT, false, "pipeline"],
  [AT, AT, false, "project"],
  [AT, null, true, "project"],
])("a project archived %j with a pipeline archived %j and active %j: %j", (project, pipeline, is_active, rest) => {
  expect(restOf({ archived_at: pipeline, is_active }, { archived_at: project })).toBe(rest);
});
