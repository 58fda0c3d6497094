import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const TABS = ["types", "saved"] as const;
export type LibraryTab = (typeof TABS)[number];

/** Types or saved steps, and which of them is looked at. */
export interface LibrarySearch {
  tab?: LibraryTab;
  type?: string;
  step?: number;
  search?: string;
  page?: number;
}

export function parseLibrary(raw: Raw): LibrarySearch {
  return said({
    tab: oneOf(raw.tab, TABS),
    type: text(raw.type),
    step: wholeNumber(raw.step),
    search: text(raw.search),
    page: wholeNumber(raw.page),
  });
}
