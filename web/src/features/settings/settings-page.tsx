import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Page } from "@/ui/page";
import { Tabs } from "@/ui/tabs";
import { PasswordTab } from "./password-tab";
import { ProfileTab } from "./profile-tab";
import { type SettingsPart, TABS } from "./search";
import { TokensTab } from "./tokens-tab";

const route = getRouteApi("/shell/settings");

const SHOWN: Record<SettingsPart, () => React.ReactNode> = {
  profile: ProfileTab,
  password: PasswordTab,
  tokens: TokensTab,
};

/** What belongs to the person who is signed in. */
export function SettingsPage() {
  const { t } = useTranslation("settings");
  const { tab = "profile" } = route.useSearch();
  const tabs = TABS.map((key) => ({
    key,
    text: t(`tabs.${key}`),
    link: { to: "/settings" as const, search: key === "profile" ? {} : { tab: key } },
  }));
  const Part = SHOWN[tab];
  return (
    <Page title={t("title")} below={<Tabs label={t("title")} tabs={tabs} current={tab} />}>
      <Part />
    </Page>
  );
}
