import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Pencil, Play } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { PipelineWithSource, ProjectBody } from "@/api/generated";
import { restOf } from "@/lib/rests";
import { may } from "@/lib/roles";
import { said } from "@/lib/search";
import { useKey } from "@/lib/use-key";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { LinkButton } from "@/ui/link-button";
import { Page } from "@/ui/page";
import { Tabs } from "@/ui/tabs";
import { pipeline, project } from "./api";
import { FileTab } from "./file-tab";
import { HistoryTab } from "./history-tab";
import { PlanTab } from "./plan-tab";
import { RunForm } from "./run-form";
import { type PipelineTab, TABS } from "./search";
import { SettingsTab } from "./settings-tab";
import { VersionsTab } from "./versions-tab";

const route = getRouteApi("/shell/pipelines/$id");

export interface PartProps {
  pipeline: PipelineWithSource;
  project: ProjectBody;
}

const SHOWN: Record<PipelineTab, (props: PartProps) => React.ReactNode> = {
  history: HistoryTab,
  file: FileTab,
  versions: VersionsTab,
  plan: PlanTab,
  settings: SettingsTab,
};

/** One pipeline: how it went, what it says, what it said before, and running it. */
export function PipelinePage() {
  const { t } = useTranslation("pipeline");
  const id = Number(route.useParams().id);
  const { tab = "history", run } = route.useSearch();
  const asked = useQuery(pipeline(id));
  const within = useQuery(project(asked.data?.project));
  const found = asked.data && within.data ? { pipeline: asked.data, project: within.data } : undefined;
  const Part = SHOWN[tab];
  return (
    <Page
      title={asked.data?.name ?? t("title")}
      above={asked.data && <Above pipeline={asked.data} />}
      actions={found && <Run {...found} />}
      below={asked.data && <Parts id={id} current={tab} version={asked.data.version} />}
    >
      <Asked asked={asked} failed={t("failed")}>
        {() => (
          <Asked asked={within} failed={t("failed")}>
            {() =>
              found && (
                <>
                  <Rests {...found} />
                  <Part {...found} />
                  {run && runs(found) && <RunForm {...found} />}
                </>
              )
            }
          </Asked>
        )}
      </Asked>
    </Page>
  );
}

function Above({ pipeline: it }: { pipeline: PipelineWithSource }) {
  const { t } = useTranslation("pipeline");
  return (
    <>
      <Link to="/pipelines">{t("all")}</Link>
      <span className="muted">/</span>
      <Link to="/projects/$id" params={{ id: String(it.project) }}>
        {it.project_name}
      </Link>
    </>
  );
}

function Run({ pipeline: it, project: within }: PartProps) {
  const { t } = useTranslation("pipeline");
  const navigate = route.useNavigate();
  const can = runs({ pipeline: it, project: within });
  const open = () => void navigate({ search: (before) => ({ ...before, run: true as const }) });
  useKey("r", t("run.key"), open, { enabled: can });
  const mayEdit = it.archived_at === null && may(within, "pipeline.change");
  return (
    <>
      {mayEdit && (
        <LinkButton link={{ to: "/pipelines/$id/edit", params: { id: String(it.id) } }}>
          <Pencil size={13} aria-hidden /> {t("edit")}
        </LinkButton>
      )}
      {can && <RunButton open={open} />}
    </>
  );
}

function RunButton({ open }: { open: () => void }) {
  const { t } = useTranslation("pipeline");
  return (
    <Button type="primary" icon={<Play size={13} aria-hidden />} onClick={open}>
      {t("run.button")}
    </Button>
  );
}

function runs({ pipeline: it, project: within }: PartProps): boolean {
  return restOf(it, within) === null && may(within, "execution.run");
}

function Rests({ pipeline: it, project: within }: PartProps) {
  const { t } = useTranslation("app");
  const rests = restOf(it, within);
  return rests === null ? null : <p className="muted">{t(`rests.${rests}`)}</p>;
}

function Parts({ id, current, version }: { id: number; current: PipelineTab; version: number }) {
  const { t } = useTranslation("pipeline");
  const tabs = TABS.map((key) => ({
    key,
    text: t(`tabs.${key}`),
    count: key === "versions" ? version : undefined,
    link: {
      to: "/pipelines/$id" as const,
      params: { id: String(id) },
      search: key === "history" ? {} : said({ tab: key }),
    },
  }));
  return <Tabs label={t("parts")} tabs={tabs} current={current} />;
}
