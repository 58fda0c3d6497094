import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ProjectBody } from "@/api/generated";
import { type Column, List } from "@/ui/list";
import { Ago } from "@/ui/time";

export function ProjectsList({ rows }: { rows: readonly ProjectBody[] }) {
  const { t } = useTranslation("projects");
  const columns: readonly Column<ProjectBody>[] = [
    {
      key: "name",
      main: true,
      title: t("name"),
      width: "24%",
      cell: (project) => (
        <Link to="/projects/$id" params={{ id: String(project.id) }} title={project.name}>
          {project.name}
        </Link>
      ),
    },
    {
      key: "description",
      title: t("description"),
      wide: true,
      cell: ({ description }) => <span title={description}>{description}</span>,
    },
    { key: "role", title: t("role"), width: "110px", cell: ({ my_role }) => t(`roles.${my_role}`) },
    {
      key: "pipelines",
      title: t("pipelines"),
      width: "90px",
      align: "end",
      cell: ({ pipelines_count }) => pipelines_count,
    },
    {
      key: "members",
      title: t("members"),
      width: "90px",
      align: "end",
      wide: true,
      cell: ({ members_count }) => members_count,
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
      key: "created",
      title: t("created"),
      width: "130px",
      wide: true,
      cell: ({ created_at }) => <Ago at={created_at} />,
    },
  ];
  return <List label={t("label")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
