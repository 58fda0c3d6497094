import { expect, test } from "vitest";
import { ApiError, asApiError, asCrash } from "./errors";

test("a request without an answer means that the server was out of reach", () => {
  expect(asCrash(asApiError(new TypeError("Failed to fetch"), undefined)).code).toBe("unreachable");
});

test.each([
  "Failed to fetch dynamically imported module: http://localhost/assets/page.js",
  "error loading dynamically imported module: http://localhost/assets/page.js",
  "Importing a module script failed.",
])("a part of the app that was not fetched means so too: %s", (message) => {
  expect(asCrash(new TypeError(message)).code).toBe("unreachable");
});

test.each([new TypeError("x is undefined"), "thrown as a text", undefined])("%s is a fault of the page", (thrown) => {
  expect(asCrash(thrown).code).toBe("fault");
});

test("what the server said stays what it said", () => {
  const body = { code: "not_found", message: "There is no such pipeline.", details: {} };
  expect(asCrash(new ApiError(404, body))).toMatchObject(body);
});
