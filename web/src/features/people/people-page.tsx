import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Page } from "@/ui/page";
import { Tabs } from "@/ui/tabs";
import { GroupsTab } from "./groups-tab";
import { PeopleTab } from "./people-tab";
import { TABS } from "./search";

const route = getRouteApi("/shell/people");

/** Who has an account, and the groups in which they answer for gates. Administrators change both. */
export function PeoplePage() {
  const { t } = useTranslation("people");
  const { tab = "people" } = route.useSearch();
  const tabs = TABS.map((key) => ({
    key,
    text: t(`tabs.${key}`),
    link: { to: "/people" as const, search: key === "people" ? {} : { tab: key } },
  }));
  return (
    <Page title={t("title")} below={<Tabs label={t("title")} tabs={tabs} current={tab} />}>
      {tab === "people" ? <PeopleTab /> : <GroupsTab />}
    </Page>
  );
}
