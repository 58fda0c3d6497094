import { expect, test } from "vitest";
import { Said } from "./said";

function said(...pairs: [string, string][]): Said {
  const form = new FormData();
  for (const [name, value] of pairs) form.append(name, value);
  return new Said(form);
}

test("a text is taken without blanks around it, and a secret exactly", () => {
  const form = said(["name", "  shop "], ["value", " s3cret\n"]);
  expect(form.text("name")).toBe("shop");
  expect(form.exact("value")).toBe(" s3cret\n");
  expect(form.text("nothing")).toBe("");
});

test("an empty number says nothing", () => {
  expect(said(["days", " "]).number("days")).toBeUndefined();
  expect(said(["days", "0"]).number("days")).toBe(0);
});

test("a list is one per line or comma", () => {
  expect(said(["branches", "main, release/*\n\n hotfix "]).list("branches")).toEqual(["main", "release/*", "hotfix"]);
});

test("boxes of one name are a list, and a box that is not ticked says nothing", () => {
  const form = said(["scopes", "read"], ["scopes", "run"]);
  expect(form.all("scopes")).toEqual(["read", "run"]);
  expect(form.isTicked("admin")).toBe(false);
});
