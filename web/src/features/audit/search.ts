import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const SINCE = ["day", "week", "month"] as const;

/** The filter of the record. It is the URL. `action` ending in a dot means all that begin so. */
export interface AuditSearch {
  actor?: string;
  action?: string;
  type?: string;
  object?: number;
  project?: number;
  since?: (typeof SINCE)[number];
  page?: number;
}

export function parseAudit(raw: Raw): AuditSearch {
  return said({
    actor: text(raw.actor),
    action: text(raw.action),
    type: text(raw.type),
    object: wholeNumber(raw.object),
    project: wholeNumber(raw.project),
    since: oneOf(raw.since, SINCE),
    page: wholeNumber(raw.page),
  });
}
