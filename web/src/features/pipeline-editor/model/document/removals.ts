import type { Entry, Source } from "./source";
import { lastBlock, lead, type Splice, shut, splice, spliced } from "./splices";

/** Some entries must remain. Comments on lines of their own stay; one at the end of a line goes with the line. */
export function removeEntries(
  source: Source,
  entries: readonly Entry[],
  gone: ReadonlySet<number>,
  inFlow: boolean,
): Splice[] {
  return runs([...gone].sort((one, other) => one - other)).flatMap(([start, end]) => {
    if (inFlow) return removeFlow(source, entries, start, end);
    const [first] = entries;
    if (start === 0 && first !== undefined && !source.leadsItsLine(first.start)) {
      return removeBehindDash(source, entries, end);
    }
    return entries.slice(start, end + 1).map((one) => wholeLines(source, one));
  });
}

function runs(indices: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (const index of indices) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  }
  return found;
}

const wholeLines = (source: Source, gone: Entry) => splice(source.lineStart(gone.start), source.nextLine(gone.end), "");

/** The entry behind the dash of an outer list goes, the dash stays: the next entry moves up to it. */
function removeBehindDash(source: Source, entries: readonly Entry[], last: number): Splice[] {
  const [first, final, next] = [entries[0], entries[last], entries[last + 1]];
  if (first === undefined || final === undefined || next === undefined) return [];
  const end = source.lineEnd(final.end);
  const between = source.text.slice(end, next.start);
  return [splice(first.start, between.trim() === "" ? next.start : end, "")];
}

function removeFlow(source: Source, entries: readonly Entry[], first: number, last: number): Splice[] {
  const [start, end] = [entries[first]?.start ?? 0, entries[last]?.end ?? 0];
  const [before, next] = [entries[first - 1], entries[last + 1]];
  const comma = source.comma(end);
  const behind = comma === null ? end : comma + 1;
  if (source.leadsItsLine(start) && source.endsItsLine(behind)) {
    const lines = splice(source.lineStart(start), source.nextLine(behind), "");
    return comma !== null || before === undefined ? [lines] : [...removeComma(source, before), lines];
  }
  if (next !== undefined) {
    if (source.lineStart(next.start) === source.lineStart(behind)) return [splice(start, next.start, "")];
    const earlier = before === undefined ? null : source.comma(before.end);
    return [splice(earlier === null ? start : earlier + 1, behind, "")];
  }
  if (before === undefined) return [];
  if (source.text.slice(before.end, start).replaceAll(/^[ ,]+|[ ,]+$/g, "") !== "") {
    return [...removeComma(source, before), splice(start, end, "")];
  }
  return [splice(before.end, end, "")];
}

function removeComma(source: Source, before: Entry): Splice[] {
  const comma = source.comma(before.end);
  return comma === null ? [] : [splice(comma, comma + 1, "")];
}

/** Puts the entries into another order. What stands between them stays; comments right above a line go along. */
export function permute(
  source: Source,
  entries: readonly Entry[],
  order: readonly number[],
  inFlow: boolean,
): Splice[] {
  const leads = entries[0] !== undefined && source.leadsItsLine(entries[0].start);
  const spans = entries.map((one): [number, number] => {
    if (inFlow) return [one.start, one.end];
    if (leads) return [lead(source, one), source.tail(one.end, source.column(one.start))];
    return [one.start, source.lineEnd(one.end)];
  });
  return order.flatMap((wanted, index) => {
    const [one, from, to] = [entries[wanted], spans[wanted], spans[index]];
    if (index === wanted || one === undefined || from === undefined || to === undefined) return [];
    const text = cut(source, one, ...from);
    const needsBreak = to[1] === source.text.length && lastBlock(one) !== null;
    return [splice(...to, needsBreak ? text + source.eol : text)];
  });
}

function cut(source: Source, one: Entry, start: number, end: number): string {
  const parts = shut(source, one).map((part) => splice(part.start - start, part.end - start, part.text));
  return spliced(source.text.slice(start, end), parts);
}
