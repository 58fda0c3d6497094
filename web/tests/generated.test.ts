// @vitest-environment node
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { createClient } from "@hey-api/openapi-ts";
import { afterAll, expect, test } from "vitest";
import config from "../openapi-ts.config.ts";

const COMMITTED = `${import.meta.dirname}/../src/api/generated`;
const folder = mkdtempSync(`${tmpdir()}/ansflow-client-`);
afterAll(() => rmSync(folder, { recursive: true }));

const files = (under: string) =>
  new Map(globSync("**/*.ts", { cwd: under }).map((file) => [file, readFileSync(`${under}/${file}`, "utf-8")]));

test("the client is what contract/openapi.json says today: `make generate` writes it anew", async () => {
  const asked = await config;
  await createClient({
    ...(Array.isArray(asked) ? asked[0] : asked),
    input: `${import.meta.dirname}/../../contract/openapi.json`,
    output: { path: `${folder}/generated` },
    logs: { level: "silent" },
  });
  const [now, committed] = [files(`${folder}/generated`), files(COMMITTED)];
  expect([...now.keys()].sort()).toEqual([...committed.keys()].sort());
  expect([...now].filter(([file, text]) => committed.get(file) !== text).map(([file]) => file)).toEqual([]);
}, 60_000);
