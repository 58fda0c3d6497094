import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { PipelineBody, ProjectBody } from "@/api/generated";
import { may } from "@/lib/roles";
import { lookOfExecution } from "@/lib/status";
import { Asked } from "@/ui/asked";
import { LinkButton } from "@/ui/link-button";
import { type Column, List } from "@/ui/list";
import { Empty } from "@/ui/states";
import { Status } from "@/ui/status";
import { Ago, Taken } from "@/ui/time";
import { pipelines } from "./api";
import { Pages, Toolbar } from "./toolbar";

const route = getRouteApi("/shell/projects/$id");

export function PipelinesTab({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const search = route.useSearch();
  const asked = useQuery(pipelines(project.id, search));
  const make = may(project, "pipeline.change") && (
    <LinkButton primary link={{ to: "/pipelines/begin", search: { project: project.id } }}>
      {t("pipelines.new")}
    </LinkButton>
  );
  return (
    <>
      <Toolbar says={project.description} search={t("pipelines.search")} deed={make} />
      <Asked asked={asked} failed={t("pipelines.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty
              says={search.search === undefined ? t("pipelines.none") : t("none_found")}
              action={search.search === undefined ? make : undefined}
            />
          ) : (
            <>
              <Rows rows={results} />
              <Pages count={count} />
            </>
          )
        }
      </Asked>
    </>
  );
}

function Rows({ rows }: { rows: readonly PipelineBody[] }) {
  const { t } = useTranslation("project");
  const columns: readonly Column<PipelineBody>[] = [
    {
      key: "name",
      main: true,
      title: t("name"),
      cell: ({ id, name }) => (
        <Link to="/pipelines/$id" params={{ id: String(id) }} title={name}>
          {name}
        </Link>
      ),
    },
    {
      key: "description",
      title: t("description"),
      wide: true,
      cell: ({ description }) => <span title={description}>{description}</span>,
    },
    {
      key: "last",
      title: t("pipelines.last"),
      width: "148px",
      cell: ({ last_execution: last }) =>
        last === null ? <span className="muted">{t("pipelines.never")}</span> : <Status look={lookOfExecution(last)} />,
    },
    {
      key: "when",
      title: t("pipelines.when"),
      width: "110px",
      cell: (it) => <Ago at={it.last_execution?.created_at ?? null} />,
    },
    {
      key: "taken",
      title: t("pipelines.taken"),
      width: "90px",
      align: "end",
      wide: true,
      cell: ({ last_execution: last }) => (last === null ? "–" : <Taken of={last} />),
    },
    {
      key: "version",
      title: t("pipelines.version"),
      width: "80px",
      align: "end",
      wide: true,
      cell: (it) => `v${it.version}`,
    },
  ];
  return <List label={t("tabs.pipelines")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
