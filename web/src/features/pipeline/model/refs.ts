import type { ListedExecutionBody, RefsBody } from "@/api/generated";
import type { Suggestion } from "@/ui/suggested";

const MOST = 500; // of a kind: a browser draws them all

export interface Known {
  /** What the repository has now; undefined where it has not said it. */
  readonly refs: RefsBody | undefined;
  readonly recent: readonly Pick<ListedExecutionBody, "branch" | "commit" | "number">[];
  readonly usual: string;
}

/** The project's own branch, then those that ran last, then whatever else the repository has. */
export function branches({ refs, recent, usual }: Known): readonly Suggestion[] {
  return once([usual, ...recent.map(({ branch }) => branch), ...(refs?.branches ?? [])]).map((value) => ({ value }));
}

/** The last one by name first: it is the newest where tags are versions. */
export function tags({ refs }: Known): readonly Suggestion[] {
  const numbered = new Intl.Collator("en", { numeric: true });
  return once((refs?.tags ?? []).toSorted((a, b) => numbered.compare(b, a))).map((value) => ({ value }));
}

/** Those that ran last, each with what it ran as. */
export function commits({ recent }: Known): readonly Suggestion[] {
  return once(recent.map(({ commit }) => commit)).map((value) => {
    const first = recent.find(({ commit }) => commit === value);
    return { value, label: `#${first?.number} ${first?.branch}` };
  });
}

function once(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== "").slice(0, MOST);
}
