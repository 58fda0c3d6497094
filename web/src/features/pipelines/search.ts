import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";
import { EXECUTION_STATUSES, type ExecutionStatus } from "@/lib/status";

export interface PipelinesSearch {
  search?: string;
  project?: number;
  status?: ExecutionStatus | "never";
  archived?: true;
  page?: number;
}

export function parsePipelines(raw: Raw): PipelinesSearch {
  return said({
    search: text(raw.search),
    project: wholeNumber(raw.project),
    status: oneOf(raw.status, [...EXECUTION_STATUSES, "never" as const]),
    archived: raw.archived === true ? (true as const) : undefined,
    page: wholeNumber(raw.page),
  });
}
