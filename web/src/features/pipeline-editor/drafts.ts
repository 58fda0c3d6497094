/** What somebody has changed and not saved. */
export interface Draft {
  readonly text: string;
  /** The number of the version that it was made from. */
  readonly version: number;
  /** When it was changed last, as an ISO date. */
  readonly at: string;
}

/** Whose draft of what: two people at one browser do not see each other's. */
export function draftKey(user: number, pipeline: number | null, project: number | undefined): string {
  return `ansflow.draft.${user}.${pipeline ?? `new.${project ?? ""}`}`;
}

/**
 * Kept in the tab until it is saved or given up: an ended session or a reload does not take it. In the tab, not in the
 * browser, as two tabs may edit one pipeline.
 */
export function keepDraft(key: string, draft: Draft): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(draft));
  } catch {
    return; // a browser that keeps nothing, or no more: it asks before the page is left
  }
}

export function dropDraft(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    return; // nothing was kept
  }
}

export function draftOf(key: string): Draft | null {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? "null");
    return isDraft(kept) ? kept : null;
  } catch {
    return null; // a browser that keeps nothing, or what another program has written
  }
}

function isDraft(kept: unknown): kept is Draft {
  return (
    typeof kept === "object" &&
    kept !== null &&
    "text" in kept &&
    typeof kept.text === "string" &&
    "version" in kept &&
    typeof kept.version === "number" &&
    "at" in kept &&
    typeof kept.at === "string"
  );
}
