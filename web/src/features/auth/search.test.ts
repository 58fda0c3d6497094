import { expect, test } from "vitest";
import { parseSignIn } from "./search";

test("signing in leads on to a page of this app", () => {
  expect(parseSignIn({ next: "/executions?status=failed" })).toEqual({ next: "/executions?status=failed" });
});

test.each(["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil.example"])(
  "and never to %j",
  (next) => {
    expect(parseSignIn({ next })).toEqual({});
  },
);
