import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const SRC = `${import.meta.dirname}/..`;
const PAGE = /speaking\(import\("@\/features\/([\w-]+)\/[\w-]+"\), ([^)]+)\)/g;
const SPEAKS = /useTranslation\(([^)]*)\)/g;
const WITH_EVERY_PAGE = new Set(["app", "status"]);

const read = (file: string) => readFileSync(`${SRC}/${file}`, "utf-8");
const named = (list: string) => [...list.matchAll(/"([\w-]+)"/g)].map(([, name]) => name ?? "");

function spokenBy(feature: string): string[] {
  const sources = globSync(`features/${feature}/**/*.{ts,tsx}`, { cwd: SRC }).map(read);
  const names = sources.flatMap((source) => [...source.matchAll(SPEAKS)].flatMap(([, list = ""]) => named(list)));
  return [...new Set(names)].filter((name) => !WITH_EVERY_PAGE.has(name)).sort();
}

test("beside each page all texts are fetched that its feature speaks, so that none takes it away again", () => {
  const routes = read("app/routes.tsx");
  const pages = [...routes.matchAll(PAGE)];
  expect(pages.length).toBe(routes.split("import(").length - 1);
  for (const [, feature = "", texts = ""] of pages) {
    expect([feature, named(texts).sort()]).toEqual([feature, spokenBy(feature)]);
  }
});
