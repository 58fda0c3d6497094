import { expect, test } from "vitest";
import { asQuery } from "./api";
import { parseApprovals } from "./search";

test("what waits for me comes first, and is what an empty address shows", () => {
  expect(asQuery(parseApprovals({}))).toMatchObject({ status: "pending", mine: true });
  expect(asQuery(parseApprovals({ all: true }))).not.toHaveProperty("mine");
});

test("what was answered is nobody's any more", () => {
  expect(asQuery(parseApprovals({ status: "approved", project: 3 }))).toMatchObject({ status: "approved", project: 3 });
  expect(asQuery(parseApprovals({ status: "approved" }))).not.toHaveProperty("mine");
});

test("what does not fit is left out", () => {
  expect(parseApprovals({ status: "maybe", project: "x", page: -1, all: "yes" })).toEqual({});
});
