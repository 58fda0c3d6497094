import { expect, test } from "vitest";
import { LONGEST, LogBook, MOST_PAGES, PAGE } from "./log-book";

const bytes = (text: string) => new TextEncoder().encode(text).length;

function all(book: LogBook): (string | undefined)[] {
  return Array.from({ length: book.count }, (_, at) => book.line(at + 1));
}

test("a log that is followed from its beginning has all its lines, however it is cut", () => {
  const text = "one\ntwo\n\nfour ü\nfive";
  for (let cut = 0; cut <= text.length; cut++) {
    for (let other = cut; other <= text.length; other++) {
      const book = new LogBook();
      for (const [from, to] of [
        [0, cut],
        [cut, other],
        [other, text.length],
      ] as const)
        book.append({ offset: bytes(text.slice(0, from)), end: bytes(text.slice(0, to)), text: text.slice(from, to) });
      expect(all(book)).toEqual(["one", "two", "", "four ü", "five"]);
      expect(book.length).toBe(bytes(text));
    }
  }
});

test("what comes twice is added once, and what is missing is noticed", () => {
  const book = new LogBook();
  expect(book.append({ offset: 0, end: 4, text: "one\n" })).toBe(true);
  expect(book.append({ offset: 0, end: 4, text: "one\n" })).toBe(true);
  expect(book.append({ offset: 9, end: 12, text: "no\n" })).toBe(false);
  expect(book.append({ offset: 4, end: 8, text: "two\n" })).toBe(true);
  expect(all(book)).toEqual(["one", "two"]);
});

test("a piece that begins with what is here already adds the rest of it", () => {
  const book = new LogBook();
  book.append({ offset: 0, end: 5, text: "ü\nab" });
  book.append({ offset: 2, end: 8, text: "\nabcd\n" });
  expect([all(book), book.length]).toEqual([["ü", "abcd"], 8]);
});

test("a long log begins at its end and goes on from there", () => {
  const book = new LogBook();
  book.stand({ length: 1000, lines: 50 }, 980, "half\n48\n49\npart");
  expect([book.line(47), book.line(48), book.line(49), book.line(50)]).toEqual([undefined, "48", "49", "part"]);
  expect(book.append({ offset: 1000, end: 1010, text: "ial\n51\n52" })).toBe(true);
  expect([book.count, book.line(50), book.line(51), book.line(52)]).toEqual([52, "partial", "51", "52"]);
});

test("a log that ends with a newline has no line behind it", () => {
  const book = new LogBook();
  book.stand({ length: 8, lines: 2 }, 0, "one\ntwo\n");
  expect(all(book)).toEqual(["one", "two"]);
  book.append({ offset: 8, end: 9, text: "3" });
  expect(all(book)).toEqual(["one", "two", "3"]);
});

test("pages are missing until they were fetched", () => {
  const book = new LogBook();
  book.stand({ length: 10_000, lines: 3 * PAGE }, 9_990, "x\ny\n");
  expect(book.missing(lines(1, 2 * PAGE))).toEqual([0, 1]);
  book.put(
    1,
    Array.from({ length: PAGE }, (_, at) => `${at}`),
  );
  expect(book.missing(lines(1, PAGE))).toEqual([]);
  expect(book.missing(lines(PAGE - 1, PAGE + 1))).toEqual([1]);
  expect(book.missing(lines(3 * PAGE, 3 * PAGE + 500))).toEqual([]);
  expect(book.missing([1, 2 * PAGE + 7])).toEqual([2]); // and nothing of what is folded away between them
});

function lines(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

test("only so many pages are kept, and always the one that grows", () => {
  const book = new LogBook();
  book.stand({ length: 10_000_000, lines: 1_000_000 }, 9_999_998, "x\ny\n");
  for (let page = 0; page < MOST_PAGES + 50; page++) book.put(page * PAGE + 1, ["a"]);
  expect(book.line(1)).toBeUndefined();
  expect(book.line((MOST_PAGES + 49) * PAGE + 1)).toBe("a");
  expect(book.line(1_000_000)).toBe("y");
});

test("of a line without an end as much is kept as is shown, and the lines behind it keep their numbers", () => {
  const book = new LogBook();
  const piece = "x".repeat(10_000);
  for (let at = 0; at < 100; at++) book.append({ offset: at * 10_000, end: (at + 1) * 10_000, text: piece });
  book.append({ offset: 1_000_000, end: 1_000_006, text: "\nnext\n" });
  expect([book.line(1)?.length, book.line(2), book.count]).toEqual([LONGEST, "next", 2]);
});

test("a progress bar that is drawn for hours is kept as it was last", () => {
  const book = new LogBook();
  const bar = Array.from({ length: 5_000 }, (_, at) => `\r${at} of 5000`).join("");
  book.append({ offset: 0, end: bar.length, text: bar });
  expect(book.line(1)?.endsWith("4999 of 5000")).toBe(true);
  expect(book.line(1)?.length).toBeLessThan(LONGEST);
});

test("long lines are forgotten before they fill the memory", () => {
  const book = new LogBook();
  book.stand({ length: 1, lines: 4 * PAGE }, 1, "");
  for (let number = 1; number <= 4 * PAGE; number++) book.put(number, ["x".repeat(LONGEST)]);
  expect(book.line(4 * PAGE)).toBeDefined();
  expect(book.line(1)).toBeUndefined();
});

test("bytes that are no UTF-8 keep the place of those behind them", () => {
  const book = new LogBook();
  book.append({ offset: 0, end: 3, text: "a\ufffd\n", base64: "Yf8K" });
  book.append({ offset: 1, end: 5, text: "\ufffd\nb\n", base64: "/wpiCg==" });
  expect(all(book)).toEqual(["a\ufffd", "b"]);
});
