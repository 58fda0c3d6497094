import type { Piece } from "@/lib/ansi";

/** A piece of a line, and whether it is a part of what was looked for. */
export interface Marked extends Piece {
  readonly found?: boolean;
}

/** The texts that a search has found in a line. Its places count characters, as people do; a string of a browser, halves. */
export function foundTexts(text: string, matches: readonly (readonly number[])[]): string[] {
  const characters = [...text];
  const texts = matches.map(([start = 0, end = 0]) => characters.slice(start, end).join(""));
  return [...new Set(texts)].filter((one) => one !== "");
}

/** A line's pieces, cut where one of the texts begins or ends, across the borders of colours. */
export function withFound(pieces: readonly Piece[], texts: readonly string[]): Marked[] {
  if (texts.length === 0) return [...pieces];
  const whole = pieces.map(({ text }) => text).join("");
  const ranges = rangesOf(whole, texts);
  const marked: Marked[] = [];
  let at = 0;
  for (const piece of pieces) {
    const end = at + piece.text.length;
    let from = at;
    for (const [start, stop] of ranges) {
      if (stop <= from || start >= end) continue;
      if (start > from) marked.push({ ...piece, text: whole.slice(from, start) });
      marked.push({ ...piece, text: whole.slice(Math.max(from, start), Math.min(end, stop)), found: true });
      from = Math.min(end, stop);
    }
    if (from < end) marked.push({ ...piece, text: whole.slice(from, end) });
    at = end;
  }
  return marked;
}

function rangesOf(whole: string, texts: readonly string[]): (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const text of texts)
    for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + text.length))
      ranges.push([at, at + text.length]);
  ranges.sort((one, other) => one[0] - other[0]);
  const joined: [number, number][] = [];
  for (const [start, end] of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && start < last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}
