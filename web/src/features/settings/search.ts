import { oneOf, type Raw, said } from "@/lib/search";

export const TABS = ["profile", "password", "tokens"] as const;
export type SettingsPart = (typeof TABS)[number];

export interface SettingsSearch {
  tab?: SettingsPart;
}

export function parseSettings(raw: Raw): SettingsSearch {
  return said({ tab: oneOf(raw.tab, TABS) });
}
