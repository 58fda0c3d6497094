import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { pipelinesVersionsRestore, type VersionBody } from "@/api/generated";
import { may } from "@/lib/roles";
import { Asked } from "@/ui/asked";
import { Danger } from "@/ui/danger";
import { type Column, List } from "@/ui/list";
import { Ago } from "@/ui/time";
import { versions } from "./api";
import { Comparison } from "./comparison";
import type { PartProps } from "./pipeline-page";
import { useRefresh } from "./use-pipeline";

const route = getRouteApi("/shell/pipelines/$id");

/** Every text it ever had. Two of them are compared; an earlier one can be made the newest again. */
export function VersionsTab({ pipeline, project }: PartProps) {
  const { t } = useTranslation("pipeline");
  const { from, to } = route.useSearch();
  const asked = useQuery(versions(pipeline.id));
  return (
    <Asked asked={asked} failed={t("versions.failed")}>
      {({ results }) => (
        <>
          <Rows rows={results} pipeline={pipeline} project={project} />
          {from !== undefined && (
            <Comparison pipeline={pipeline.id} versions={results} from={from} to={to ?? pipeline.version} />
          )}
        </>
      )}
    </Asked>
  );
}

function Rows({ rows, pipeline, project }: PartProps & { rows: readonly VersionBody[] }) {
  const { t } = useTranslation("pipeline");
  const refresh = useRefresh(pipeline.id);
  const mayRestore = pipeline.repository_path === "" && may(project, "pipeline.change");
  const params = { id: String(pipeline.id) };
  const columns: readonly Column<VersionBody>[] = [
    {
      key: "number",
      title: t("versions.number"),
      width: "90px",
      cell: ({ number }) => (number === pipeline.version ? <strong>v{number}</strong> : `v${number}`),
    },
    {
      key: "message",
      main: true,
      title: t("versions.message"),
      cell: ({ message }) => (
        <span title={message}>{message || <span className="muted">{t("versions.no_message")}</span>}</span>
      ),
    },
    {
      key: "commit",
      title: t("versions.commit"),
      width: "130px",
      wide: true,
      cell: ({ commit }) => (commit === "" ? "–" : <code>{commit.slice(0, 12)}</code>),
    },
    { key: "by", title: t("versions.by"), width: "14%", wide: true, cell: ({ created_by }) => created_by || "–" },
    {
      key: "at",
      title: t("versions.at"),
      width: "110px",
      wide: true,
      cell: ({ created_at }) => <Ago at={created_at} />,
    },
    {
      key: "deeds",
      title: "",
      width: "220px",
      align: "end",
      cell: ({ number }) => (
        <>
          {number > 1 && (
            <Link to="/pipelines/$id" params={params} search={{ tab: "versions", from: number - 1, to: number }}>
              {t("versions.what_changed")}
            </Link>
          )}{" "}
          {number !== pipeline.version && mayRestore && (
            <Danger
              calm
              size="small"
              label={t("versions.restore")}
              title={t("versions.restore_title", { number })}
              says={t("versions.restore_says", { number, next: pipeline.version + 1 })}
              failed={t("versions.not_restored")}
              act={() =>
                pipelinesVersionsRestore({
                  path: { id: pipeline.id, number },
                  body: { base_version: pipeline.version },
                })
              }
              done={refresh}
            />
          )}
        </>
      ),
    },
  ];
  return <List label={t("tabs.versions")} columns={columns} rows={rows} idOf={({ number }) => number} />;
}
