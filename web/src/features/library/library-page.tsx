import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Page } from "@/ui/page";
import { Tabs } from "@/ui/tabs";
import { SavedTab } from "./saved-tab";
import { TABS } from "./search";
import { TypesTab } from "./types-tab";

const route = getRouteApi("/shell/steps");

/** What a pipeline is made of: the types of steps, and steps that were saved to be used again. */
export function LibraryPage() {
  const { t } = useTranslation("library");
  const { tab = "types" } = route.useSearch();
  const tabs = TABS.map((key) => ({
    key,
    text: t(`tabs.${key}`),
    link: { to: "/steps" as const, search: key === "types" ? {} : { tab: key } },
  }));
  return (
    <Page title={t("title")} below={<Tabs label={t("title")} tabs={tabs} current={tab} />}>
      {tab === "types" ? <TypesTab /> : <SavedTab />}
    </Page>
  );
}
