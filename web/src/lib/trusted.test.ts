import { afterEach, expect, test, vi } from "vitest";
import { trustOnlyStyles } from "./trusted";

type Rules = {
  createHTML(text: string): string;
  createScript(text: string): string;
  createScriptURL(url: string): string;
};

function policy(): Rules {
  let made: Rules | undefined;
  vi.stubGlobal("trustedTypes", { createPolicy: (_name: string, rules: Rules) => (made = rules) });
  trustOnlyStyles();
  if (made === undefined) throw new Error("no policy was made");
  return made;
}

afterEach(() => vi.unstubAllGlobals());

test("a style sheet passes and markup does not", () => {
  expect(policy().createHTML(".a > .b { color: red }")).toBe(".a > .b { color: red }");
  expect(() => policy().createHTML("<img src=x onerror=alert(1)>")).toThrow(TypeError);
  expect(() => policy().createScript("alert(1)")).toThrow(TypeError);
});

test("a worker comes from this server's own files", () => {
  expect(policy().createScriptURL("/assets/layout-1a2b.js")).toBe("/assets/layout-1a2b.js");
  for (const url of ["https://evil.example/assets/x.js", "/api/v1/x.js", "data:text/javascript,alert(1)"])
    expect(() => policy().createScriptURL(url)).toThrow(TypeError);
});
