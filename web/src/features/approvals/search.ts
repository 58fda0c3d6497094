import { oneOf, type Raw, said, wholeNumber } from "@/lib/search";

export const STATUSES = ["pending", "approved", "rejected", "timeout"] as const;
export type ApprovalStatus = (typeof STATUSES)[number];

export interface ApprovalsSearch {
  status?: ApprovalStatus;
  /** All that wait, also those that somebody else must answer. */
  all?: true;
  project?: number;
  page?: number;
}

export function parseApprovals(raw: Raw): ApprovalsSearch {
  return said({
    status: oneOf(raw.status, STATUSES),
    all: raw.all === true ? (true as const) : undefined,
    project: wholeNumber(raw.project),
    page: wholeNumber(raw.page),
  });
}
