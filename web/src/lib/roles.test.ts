// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LEAST, may, upTo } from "./roles";

const TABLE = readFileSync(`${import.meta.dirname}/../../../docs/reference/roles.md`, "utf-8");
const WRITTEN = Object.fromEntries(
  [...TABLE.matchAll(/^\| `([\w.]+)` \| (\w+) \|/gm)].map(([, deed, role]) => [deed, role]),
);

test.each(Object.entries(LEAST))("%s wants %s, as the reference says", (deed, role) => {
  expect(WRITTEN[deed]).toBe(role);
});

test("a role may what the roles before it may", () => {
  const project = { my_role: "developer", archived_at: null } as const;
  expect(may(project, "execution.run")).toBe(true);
  expect(may(project, "secret.view")).toBe(true);
  expect(may(project, "secret.change")).toBe(false);
});

test("in an archived project nothing is changed but the project itself", () => {
  const project = { my_role: "owner", archived_at: "2026-11-29T12:00:00Z" } as const;
  expect(may(project, "secret.change")).toBe(false);
  expect(may(project, "execution.run")).toBe(false);
  expect(may(project, "project.change")).toBe(true);
});

test("nobody gives more than they have", () => {
  expect(upTo("reporter")).toEqual(["guest", "reporter"]);
});
