import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const TABS = ["people", "groups"] as const;

export interface PeopleSearch {
  tab?: (typeof TABS)[number];
  search?: string;
  /** Those who may not sign in any more. */
  inactive?: true;
  page?: number;
}

export function parsePeople(raw: Raw): PeopleSearch {
  return said({
    tab: oneOf(raw.tab, TABS),
    search: text(raw.search),
    inactive: raw.inactive === true ? (true as const) : undefined,
    page: wholeNumber(raw.page),
  });
}
