import { expect, test } from "vitest";
import { stateOf } from "./model";

const NOW = Date.parse("2026-11-29T12:00:00Z");

test("a token is good until it is ended or its time is over", () => {
  expect(stateOf({ revoked_at: null, expires_at: null }, NOW)).toBe("good");
  expect(stateOf({ revoked_at: null, expires_at: "2026-11-29T12:00:01Z" }, NOW)).toBe("good");
  expect(stateOf({ revoked_at: null, expires_at: "2026-11-29T12:00:00Z" }, NOW)).toBe("expired");
  expect(stateOf({ revoked_at: "2026-11-28T12:00:00Z", expires_at: null }, NOW)).toBe("ended");
});
