import { Link } from "@tanstack/react-router";
import { Pencil } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { PipelineBody } from "@/api/generated";
import { lookOfExecution } from "@/lib/status";
import { type Column, List } from "@/ui/list";
import { Status } from "@/ui/status";
import { Ago, Taken } from "@/ui/time";

export function PipelinesList({ rows }: { rows: readonly PipelineBody[] }) {
  const { t } = useTranslation("pipelines");
  const columns: readonly Column<PipelineBody>[] = [
    {
      key: "name",
      main: true,
      title: t("name"),
      cell: (pipeline) => (
        <Link to="/pipelines/$id" params={{ id: String(pipeline.id) }} title={pipeline.description || pipeline.name}>
          {pipeline.name}
        </Link>
      ),
    },
    {
      key: "project",
      title: t("project"),
      width: "18%",
      wide: true,
      cell: ({ project, project_name }) => (
        <Link to="/projects/$id" params={{ id: String(project) }}>
          {project_name}
        </Link>
      ),
    },
    {
      key: "last",
      title: t("last"),
      width: "148px",
      cell: ({ last_execution: last }) =>
        last === null ? <span className="muted">{t("never")}</span> : <Status look={lookOfExecution(last)} />,
    },
    {
      key: "when",
      title: t("when"),
      width: "110px",
      cell: ({ last_execution: last }) => <Ago at={last?.created_at ?? null} />,
    },
    {
      key: "taken",
      title: t("taken"),
      width: "90px",
      align: "end",
      wide: true,
      cell: ({ last_execution: last }) => (last === null ? "–" : <Taken of={last} />),
    },
    {
      key: "executions",
      title: t("executions"),
      width: "100px",
      align: "end",
      wide: true,
      cell: ({ executions_count }) => executions_count,
    },
    {
      key: "version",
      title: t("version"),
      width: "80px",
      align: "end",
      wide: true,
      cell: ({ version }) => `v${version}`,
    },
    {
      key: "changed",
      title: t("changed"),
      width: "120px",
      wide: true,
      cell: ({ changed_at }) => <Ago at={changed_at} />,
    },
    {
      key: "edit",
      title: t("edit"),
      width: "60px",
      align: "end",
      wide: true,
      cell: ({ id, name }) => (
        <Link
          to="/pipelines/$id/edit"
          params={{ id: String(id) }}
          aria-label={`${t("edit")}: ${name}`}
          title={t("edit")}
        >
          <Pencil size={14} aria-hidden style={{ verticalAlign: "-2px" }} />
        </Link>
      ),
    },
  ];
  return <List label={t("label")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
