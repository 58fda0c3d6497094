import { type Raw, said, text, wholeNumber } from "@/lib/search";

export interface ProjectsSearch {
  search?: string;
  page?: number;
  archived?: true;
}

export function parseProjects(raw: Raw): ProjectsSearch {
  return said({
    search: text(raw.search),
    page: wholeNumber(raw.page),
    archived: raw.archived === true ? (true as const) : undefined,
  });
}
