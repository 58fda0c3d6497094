import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ProjectBody } from "@/api/generated";
import { may } from "@/lib/roles";
import { Asked } from "@/ui/asked";
import { Page } from "@/ui/page";
import { Tabs } from "@/ui/tabs";
import { project } from "./api";
import { CredentialsTab } from "./credentials-tab";
import { EnvironmentsTab } from "./environments-tab";
import { MembersTab } from "./members-tab";
import { PipelinesTab } from "./pipelines-tab";
import type { ProjectTab } from "./search";
import { SecretsTab } from "./secrets-tab";
import { SettingsTab } from "./settings-tab";
import { VariablesTab } from "./variables-tab";

const route = getRouteApi("/shell/projects/$id");

const SHOWN: Record<ProjectTab, (props: { project: ProjectBody }) => React.ReactNode> = {
  pipelines: PipelinesTab,
  environments: EnvironmentsTab,
  members: MembersTab,
  variables: VariablesTab,
  secrets: SecretsTab,
  credentials: CredentialsTab,
  settings: SettingsTab,
};

/** One project: what stands in it, and who may do what. */
export function ProjectPage() {
  const { t } = useTranslation("project");
  const id = Number(route.useParams().id);
  const { tab = "pipelines" } = route.useSearch();
  const asked = useQuery(project(id));
  const Part = SHOWN[tab];
  return (
    <Page
      title={asked.data?.name ?? t("title")}
      above={<Link to="/projects">{t("all")}</Link>}
      actions={
        asked.data && (
          <Link to="/executions" search={{ project: id }}>
            {t("executions", { count: asked.data.executions_count })}
          </Link>
        )
      }
      below={asked.data && <Parts project={asked.data} current={tab} />}
    >
      <Asked asked={asked} failed={t("failed")}>
        {(found) => (
          <>
            {found.archived_at !== null && <p className="muted">{t("is_archived")}</p>}
            <Part project={found} />
          </>
        )}
      </Asked>
    </Page>
  );
}

function Parts({ project: it, current }: { project: ProjectBody; current: ProjectTab }) {
  const { t } = useTranslation("project");
  const counts: { [K in ProjectTab]?: number } = {
    pipelines: it.pipelines_count,
    environments: it.environments_count,
    members: it.members_count,
  };
  const tabs = partsOf(it).map((key) => ({
    key,
    text: t(`tabs.${key}`),
    count: counts[key],
    link: {
      to: "/projects/$id" as const,
      params: { id: String(it.id) },
      search: key === "pipelines" ? {} : { tab: key },
    },
  }));
  return <Tabs label={t("parts")} tabs={tabs} current={current} />;
}

/** What this person may look at. */
function partsOf(it: ProjectBody): readonly ProjectTab[] {
  const parts: ProjectTab[] = ["pipelines", "environments", "members"];
  if (may(it, "variable.view")) parts.push("variables");
  if (may(it, "secret.view")) parts.push("secrets");
  if (may(it, "credential.view")) parts.push("credentials");
  return [...parts, "settings"];
}
