import { flag, oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const VIEWS = ["list", "graph", "timeline"] as const;
export const TABS = ["log", "summary", "tests", "artifacts", "why"] as const;

/** What is shown of an execution, as it stands in the address. */
export interface ExecutionSearch {
  view?: (typeof VIEWS)[number];
  tab?: (typeof TABS)[number];
  attempt?: number;
  /** Another attempt, shown beside the first. */
  beside?: number;
  /** The logs of all steps as one. */
  merged?: true;
  /** Of the logs only what they have marked as errors and warnings. */
  wrong?: true;
  /** What is looked for in all logs; as a pattern, and so that capital letters matter. */
  find?: string;
  regex?: boolean;
  capitals?: boolean;
}

export function parseExecution(raw: Raw): ExecutionSearch {
  return said({
    view: oneOf(raw.view, VIEWS),
    tab: oneOf(raw.tab, TABS),
    attempt: wholeNumber(raw.attempt),
    beside: wholeNumber(raw.beside),
    merged: flag(raw.merged),
    wrong: flag(raw.wrong),
    find: text(raw.find),
    regex: flag(raw.regex),
    capitals: flag(raw.capitals),
  });
}

/** The same without what is not so: nothing of it stands in the address. */
export function tidy(search: ExecutionSearch): ExecutionSearch {
  const { view, tab, ...others } = search;
  const shown = { ...(view !== VIEWS[0] && { view }), ...(tab !== TABS[0] && { tab }) };
  return parseExecution({ ...others, ...shown });
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
