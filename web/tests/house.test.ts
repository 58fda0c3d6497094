// @vitest-environment node
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SRC = `${import.meta.dirname}/../src/`;
const FILES = globSync("**/*.{ts,tsx}", { cwd: SRC }).filter((file) => !file.startsWith("api/generated"));

/** Whom a folder may import, beside itself. */
const MAY: Record<string, readonly string[]> = {
  app: ["features", "graph", "ui", "lib", "api"],
  features: ["graph", "ui", "lib", "api"],
  graph: ["lib", "api"],
  ui: ["lib"],
  lib: ["api"], // for the types of the contract
  api: [],
};

const imports = (file: string) =>
  [...readFileSync(SRC + file, "utf-8").matchAll(/(?:from|import)\s*\(?\s*"@\/([^"]+)"/g)].map(
    ([, path]) => path ?? "",
  );

test.each(FILES)("%s imports downwards only, and no other feature", (file) => {
  const [folder = "", feature] = file.split("/");
  const wrong = imports(file).filter((path) => {
    const [into = "", other] = path.split("/");
    if (into === "features" && folder === "features") return other !== feature;
    return into !== folder && !MAY[folder]?.includes(into);
  });
  expect(wrong).toEqual([]);
});

test.each(FILES)("%s is short enough to be read at once", (file) => {
  expect(readFileSync(SRC + file, "utf-8").split("\n").length).toBeLessThanOrEqual(400);
});
