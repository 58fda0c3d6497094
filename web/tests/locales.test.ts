// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const LOCALES = `${import.meta.dirname}/../src/locales`;
const NAMESPACES = readdirSync(`${LOCALES}/en`);

type Texts = { [key: string]: string | Texts };

/** `projects.title` → its text. Chinese has one form where English has two. */
function flat(language: string, file: string): Map<string, string> {
  const texts = JSON.parse(readFileSync(`${LOCALES}/${language}/${file}`, "utf-8")) as Texts;
  const found = new Map<string, string>();
  const walk = (some: Texts, above: string) => {
    for (const [key, text] of Object.entries(some)) {
      if (typeof text === "string") found.set(above + key.replace(/_(one|other)$/, ""), text);
      else walk(text, `${above}${key}.`);
    }
  };
  walk(texts, "");
  return found;
}

const named = (text: string | undefined) =>
  [...(text?.matchAll(/\{\{(\w+)\}\}/g) ?? [])].map(([, name]) => name).sort();

test("both languages have the same files", () => {
  expect(readdirSync(`${LOCALES}/zh-CN`)).toEqual(NAMESPACES);
});

test.each(NAMESPACES)("%s says the same things in both languages, with the same values in them", (file) => {
  const [english, chinese] = [flat("en", file), flat("zh-CN", file)];
  expect([...chinese.keys()]).toEqual([...english.keys()]);
  for (const [key, text] of english) expect([key, named(chinese.get(key))]).toEqual([key, named(text)]);
});
