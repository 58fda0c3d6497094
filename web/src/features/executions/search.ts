import { moment, oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";
import { EXECUTION_STATUSES, type ExecutionStatus } from "@/lib/status";

export const TRIGGERS = ["manual", "webhook", "schedule", "api", "pipeline"] as const;
export const SINCE = ["day", "week", "month"] as const;

/** One status, or the two that are bad news. */
export const STATUSES = [...EXECUTION_STATUSES, "failed,timeout"] as const;

/** The filter of the list. It is the URL: who gets the link sees the same. */
export interface ExecutionsSearch {
  project?: number;
  pipeline?: number;
  status?: ExecutionStatus | "failed,timeout";
  trigger?: (typeof TRIGGERS)[number];
  branch?: string;
  by?: string;
  since?: (typeof SINCE)[number];
  /** Began at this moment or later, and before that one: in the place of `since`. */
  from?: string;
  to?: string;
  page?: number;
}

export function parseExecutions(raw: Raw): ExecutionsSearch {
  const [from, to] = [moment(raw.from), moment(raw.to)];
  const isBetween = from !== undefined || to !== undefined;
  return said({
    project: wholeNumber(raw.project),
    pipeline: wholeNumber(raw.pipeline),
    status: oneOf(raw.status, STATUSES),
    trigger: oneOf(raw.trigger, TRIGGERS),
    branch: text(raw.branch),
    by: text(raw.by),
    since: isBetween ? undefined : oneOf(raw.since, SINCE),
    from,
    to,
    page: wholeNumber(raw.page),
  });
}
