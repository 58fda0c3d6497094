import { expect, test } from "vitest";
import { parentOf } from "./parent";

test.each([
  ["/executions/12/steps/unit%20%C3%A4", "/executions/12"],
  ["/executions/12", "/executions"],
  ["/pipelines/3", "/pipelines"],
  ["/projects/3", "/projects"],
])("%s belongs to %s", (path, parent) => expect(parentOf(path)).toBe(parent));

test.each(["/", "/executions", "/pipelines/3/edit", "/pipelines/new", "/pipelines/begin", "/settings", "/nowhere/1"])(
  "%s is left by no single key",
  (path) => expect(parentOf(path)).toBeNull(),
);
