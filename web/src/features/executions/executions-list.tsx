import { useTranslation } from "react-i18next";
import type { ExecutionBody } from "@/api/generated";
import { lookOfExecution } from "@/lib/status";
import { type Column, List } from "@/ui/list";
import { Status } from "@/ui/status";
import { Ago, Taken } from "@/ui/time";
import { ExecutionName } from "./execution-name";

export function ExecutionsList({ rows }: { rows: readonly ExecutionBody[] }) {
  const { t } = useTranslation("executions");
  const columns: readonly Column<ExecutionBody>[] = [
    {
      key: "status",
      title: t("status"),
      width: "120px",
      cell: (execution) => <Status look={lookOfExecution(execution)} />,
    },
    { key: "execution", title: t("execution"), width: "22%", cell: (execution) => <ExecutionName of={execution} /> },
    { key: "message", title: t("message"), wide: true, cell: ({ message }) => <span title={message}>{message}</span> },
    { key: "project", title: t("project"), width: "12%", wide: true, cell: ({ project_name }) => project_name },
    {
      key: "branch",
      title: t("branch"),
      width: "10%",
      wide: true,
      cell: ({ branch }) => <span title={branch}>{branch || "–"}</span>,
    },
    {
      key: "trigger",
      title: t("trigger"),
      width: "80px",
      wide: true,
      cell: ({ trigger_type }) => t(`triggers.${trigger_type}`),
    },
    { key: "by", title: t("by"), width: "9%", wide: true, cell: ({ triggered_by }) => triggered_by || "–" },
    { key: "steps", title: t("steps"), width: "70px", align: "end", wide: true, cell: ({ counts }) => doneOf(counts) },
    {
      key: "taken",
      title: t("taken"),
      width: "80px",
      align: "end",
      wide: true,
      cell: (execution) => <Taken of={execution} />,
    },
    { key: "created", title: t("created"), width: "105px", cell: ({ created_at }) => <Ago at={created_at} /> },
  ];
  return <List label={t("label")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}

const OPEN = new Set(["pending", "waiting", "running"]);

/** `7/12`: steps that have ended, of all. */
export function doneOf(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  const sum = (some: typeof entries) => some.reduce((all, [, count]) => all + count, 0);
  return `${sum(entries.filter(([status]) => !OPEN.has(status)))}/${sum(entries)}`;
}
