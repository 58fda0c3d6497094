import { expect, test } from "vitest";
import { piecesOf, textOf } from "./ansi";

const ESC = "\x1b";

test("colours last until they are changed or taken back", () => {
  expect(piecesOf(`a ${ESC}[1;31mred${ESC}[22m thin${ESC}[0m plain`)).toEqual([
    { text: "a ", classes: "" },
    { text: "red", classes: "bold fore-1" },
    { text: " thin", classes: "fore-1" },
    { text: " plain", classes: "" },
  ]);
});

test("bright, 256 and true colours, in both spellings", () => {
  expect(piecesOf(`${ESC}[92mx`)[0]?.classes).toBe("fore-10");
  expect(piecesOf(`${ESC}[38;5;9mx`)[0]?.classes).toBe("fore-9");
  expect(piecesOf(`${ESC}[38;5;196mx`)[0]?.color).toBe("#ff0000");
  expect(piecesOf(`${ESC}[48;5;244mx`)[0]?.background).toBe("#808080");
  expect(piecesOf(`${ESC}[38:2:1:2:3mx`)[0]?.color).toBe("#010203");
  expect(piecesOf(`${ESC}[38;2;300;0;0mx`)[0]).toEqual({ text: "x", classes: "" });
  expect(piecesOf(`${ESC}[7mx`)[0]?.classes).toBe("fore-page back-text");
});

test("a progress bar is shown as it was last", () => {
  expect(textOf("10%\r50%\r100%\r")).toBe("100%");
  expect(textOf("plain\r")).toBe("plain");
});

test("a link leads to http and https and nowhere else", () => {
  const link = (url: string) => piecesOf(`${ESC}]8;id=1;${url}${ESC}\\here${ESC}]8;;${ESC}\\ there`);
  expect(link("https://a.example/x")[0]).toEqual({ text: "here", classes: "", href: "https://a.example/x" });
  expect(link("https://a.example/x")[1]?.href).toBeUndefined();
  for (const url of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil.example", " https://x"])
    expect(link(url)[0]).toEqual({ text: "here", classes: "" });
});

test.each([
  [`${ESC}[2J${ESC}[Hx`, "x"],
  [`${ESC}]0;title\x07x`, "x"],
  [`${ESC}]52;c;aGVsbG8=${ESC}\\x`, "x"],
  [`${ESC}P1$r0m${ESC}\\x`, "x"],
  [`${ESC}[31`, ""],
  [`${ESC}]8;;http://never.ends`, ""],
  ["\x9b31mx", "x"],
  ["a\x00b\x07c\x7fd\x85e", "abcde"],
  ["<script>alert(1)</script>&amp;", "<script>alert(1)</script>&amp;"],
  ["user\u202egnp.exe", "user\u25cagnp.exe"],
  ["tab\there", "tab\there"],
])("%j is shown as %j", (line, shown) => {
  expect(textOf(line)).toBe(shown);
});

test("no sequence of escapes takes long", () => {
  const bomb = `${ESC}[${"1;".repeat(200_000)}m${`${ESC}]8;;`.repeat(20_000)}x`;
  expect(textOf(bomb).length).toBeLessThan(bomb.length);
});
