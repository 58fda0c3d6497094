import { expect, test } from "vitest";
import { LogBook, MOST_PAGES, PAGE } from "./log-book";

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
        book.append(bytes(text.slice(0, from)), bytes(text.slice(0, to)), text.slice(from, to));
      expect(all(book)).toEqual(["one", "two", "", "four ü", "five"]);
      expect(book.length).toBe(bytes(text));
    }
  }
});

test("what comes twice is added once, and what is missing is noticed", () => {
  const book = new LogBook();
  expect(book.append(0, 4, "one\n")).toBe(true);
  expect(book.append(0, 4, "one\n")).toBe(true);
  expect(book.append(9, 12, "no\n")).toBe(false);
  expect(book.append(4, 8, "two\n")).toBe(true);
  expect(all(book)).toEqual(["one", "two"]);
});

test("a piece that begins with what is here already adds the rest of it", () => {
  const book = new LogBook();
  book.append(0, 5, "ü\nab");
  book.append(2, 8, "\nabcd\n");
  expect([all(book), book.length]).toEqual([["ü", "abcd"], 8]);
});

test("a long log begins at its end and goes on from there", () => {
  const book = new LogBook();
  book.stand({ length: 1000, lines: 50 }, 980, "half\n48\n49\npart");
  expect([book.line(47), book.line(48), book.line(49), book.line(50)]).toEqual([undefined, "48", "49", "part"]);
  expect(book.append(1000, 1010, "ial\n51\n52")).toBe(true);
  expect([book.count, book.line(50), book.line(51), book.line(52)]).toEqual([52, "partial", "51", "52"]);
});

test("a log that ends with a newline has no line behind it", () => {
  const book = new LogBook();
  book.stand({ length: 8, lines: 2 }, 0, "one\ntwo\n");
  expect(all(book)).toEqual(["one", "two"]);
  book.append(8, 9, "3");
  expect(all(book)).toEqual(["one", "two", "3"]);
});

test("pages are missing until they were fetched", () => {
  const book = new LogBook();
  book.stand({ length: 10_000, lines: 3 * PAGE }, 9_990, "x\ny\n");
  expect(book.missing(1, 2 * PAGE)).toEqual([0, 1]);
  book.put(
    1,
    Array.from({ length: PAGE }, (_, at) => `${at}`),
  );
  expect(book.missing(1, PAGE)).toEqual([]);
  expect(book.missing(PAGE - 1, PAGE + 1)).toEqual([1]);
  expect(book.missing(3 * PAGE, 3 * PAGE + 500)).toEqual([]);
});

test("only so many pages are kept, and always the one that grows", () => {
  const book = new LogBook();
  book.stand({ length: 10_000_000, lines: 1_000_000 }, 9_999_998, "x\ny\n");
  for (let page = 0; page < MOST_PAGES + 50; page++) book.put(page * PAGE + 1, ["a"]);
  expect(book.line(1)).toBeUndefined();
  expect(book.line((MOST_PAGES + 49) * PAGE + 1)).toBe("a");
  expect(book.line(1_000_000)).toBe("y");
});
