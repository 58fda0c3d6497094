import type { AnnotationBody, LogGroupBody } from "@/api/generated";
import type { Fold } from "./folds";

export type Tone = AnnotationBody["level"];

/** What a log says about itself, by line. */
export interface Marks {
  readonly groups: ReadonlyMap<number, LogGroupBody>;
  readonly notes: ReadonlyMap<number, AnnotationBody>;
  /** Lines that somebody would go to one by one: errors, or warnings where there are none. */
  readonly problems: readonly number[];
  /** Errors and warnings. */
  readonly wrong: readonly number[];
}

export function marksOf(groups: readonly LogGroupBody[], annotations: readonly AnnotationBody[]): Marks {
  const of = (level: Tone) => annotations.filter((one) => one.level === level).map(({ line }) => line);
  const [errors, warnings] = [of("error"), of("warning")];
  return {
    groups: new Map(groups.map((group) => [group.line, group])),
    notes: new Map(annotations.map((note) => [note.line, note])),
    problems: inOrder(errors.length > 0 ? errors : warnings),
    wrong: inOrder([...errors, ...warnings]),
  };
}

function inOrder(lines: readonly number[]): number[] {
  return [...new Set(lines)].sort((one, other) => one - other);
}

/** What a reader wants open whatever the log says: groups that were opened or closed by hand, and lines to be seen. */
export interface Wishes {
  readonly opened: ReadonlyMap<number, boolean>;
  readonly seen: readonly number[];
  /** Whether groups are closed unasked. */
  readonly closes: boolean;
}

/** Closed groups, by the line of their title. Whoever asks for a line by its number sees it. */
export function closedOf(marks: Marks, { opened, seen, closes }: Wishes): ReadonlySet<number> {
  const closed = new Set<number>();
  const kept = [...seen, ...marks.problems].sort((one, other) => one - other);
  for (const group of marks.groups.values()) {
    const said = opened.get(group.line);
    const hides = bodyOf(group);
    if (hides === null) continue;
    const unasked = closes && !group.open && group.end > 0 && !anyWithin(kept, hides);
    if (said === undefined ? unasked : !said) closed.add(group.line);
  }
  return closed;
}

/** The lines that closed groups hide. */
export function foldsOf(marks: Marks, closed: ReadonlySet<number>): Fold[] {
  const folds: Fold[] = [];
  for (const group of marks.groups.values()) {
    const body = bodyOf(group);
    if (body !== null && closed.has(group.line)) folds.push(body);
  }
  return folds;
}

/** All but those lines, which are in order, and those that somebody has asked for. */
export function foldsAround(kept: readonly number[], seen: Fold | null): Fold[] {
  const shown = [...kept.map((line) => ({ first: line, last: line })), ...(seen === null ? [] : [seen])];
  const folds: Fold[] = [];
  let next = 1;
  for (const { first, last } of shown.sort((one, other) => one.first - other.first)) {
    if (first > next) folds.push({ first: next, last: first - 1 });
    next = Math.max(next, last + 1);
  }
  return [...folds, { first: next, last: Number.MAX_SAFE_INTEGER }];
}

/** What belongs to a group below its title; without an end, all that comes. */
export function bodyOf({ line, end }: LogGroupBody): Fold | null {
  const last = end === 0 ? Number.MAX_SAFE_INTEGER : end;
  return last > line ? { first: line + 1, last } : null;
}

function anyWithin(sorted: readonly number[], { first, last }: Fold): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < first) low = middle + 1;
    else high = middle;
  }
  return (sorted[low] ?? Number.POSITIVE_INFINITY) <= last;
}
