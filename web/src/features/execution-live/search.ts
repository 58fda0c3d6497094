import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const VIEWS = ["list", "graph", "timeline"] as const;
export const TABS = ["log", "summary", "tests", "artifacts", "why"] as const;

/** What is shown of an execution, as it stands in the address. */
export interface ExecutionSearch {
  view?: (typeof VIEWS)[number];
  tab?: (typeof TABS)[number];
  attempt?: number;
  find?: string;
}

export function parseExecution(raw: Raw): ExecutionSearch {
  return said({
    view: oneOf(raw.view, VIEWS),
    tab: oneOf(raw.tab, TABS),
    attempt: wholeNumber(raw.attempt),
    find: text(raw.find),
  });
}

/** Lines `first` to `last` of a log. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** `L120` or `L120-L140`, as it stands behind the `#`; null for anything else. */
export function rangeOf(hash: string): Range | null {
  const found = /^#?L(\d{1,9})(?:-L(\d{1,9}))?$/.exec(hash);
  if (found === null) return null;
  const [one, other] = [Number(found[1]), Number(found[2] ?? found[1])];
  return one < 1 || other < 1 ? null : { first: Math.min(one, other), last: Math.max(one, other) };
}

export function hashOf({ first, last }: Range): string {
  return first === last ? `L${first}` : `L${first}-L${last}`;
}
