import { type Raw, said, wholeNumber } from "@/lib/search";

export interface WorkersSearch {
  page?: number;
}

export function parseWorkers(raw: Raw): WorkersSearch {
  return said({ page: wholeNumber(raw.page) });
}
