import { readFileSync } from "node:fs";
import kit from "antd/es/theme";
import { expect, test } from "vitest";
import { KIT_THEME } from "./theme";

const FILLED = [
  "colorPrimary",
  "colorPrimaryHover",
  "colorPrimaryActive",
  "colorError",
  "colorErrorHover",
  "colorErrorActive",
];

/** WCAG 2.2, 1.4.3: the contrast of two colours, from 1 to 21. */
function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const whole = colour.length === 4 ? colour.replace(/[^#]/g, "$&$&") : colour;
  const [red = 0, green = 0, blue = 0] = (whole.match(/[^#]{2}/g) ?? []).map((two) => {
    const part = Number.parseInt(two, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test.each(["light", "dark"] as const)("words on a filled button can be read, also under a pointer: %s", (theme) => {
  const token = kit.getDesignToken(KIT_THEME[theme]);
  const shades = new Map(Object.entries(token).map(([name, value]) => [name, String(value)]));
  for (const [name, value] of Object.entries(KIT_THEME[theme].components?.Button ?? {}))
    shades.set(name, String(value));
  for (const name of FILLED) {
    const on = (words: string) => contrast(shades.get(name) ?? "", words);
    expect([name, on(token.colorTextLightSolid) >= 4.5, on(token.colorBgContainer) >= 4.5]).toEqual([name, true, true]);
  }
});

test.each(["light", "dark"] as const)("a button has the colour of a link that looks like one: %s", (theme) => {
  const tokens = readFileSync(`${import.meta.dirname}/tokens.css`, "utf-8");
  const accent = new RegExp(`data-theme="${theme}"\\]\\s*{[^}]*--accent: (#\\w+)`).exec(tokens)?.[1];
  const { components } = KIT_THEME[theme];
  expect(components?.Button?.colorPrimary ?? kit.getDesignToken(KIT_THEME[theme]).colorPrimary).toBe(accent);
});
