import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const TABS = [
  "pipelines",
  "environments",
  "members",
  "variables",
  "secrets",
  "credentials",
  "settings",
] as const;
export type ProjectTab = (typeof TABS)[number];

/** Which part of a project is shown, and what is looked for in it. */
export interface ProjectSearch {
  tab?: ProjectTab;
  search?: string;
  page?: number;
}

export function parseProject(raw: Raw): ProjectSearch {
  return said({ tab: oneOf(raw.tab, TABS), search: text(raw.search), page: wholeNumber(raw.page) });
}
