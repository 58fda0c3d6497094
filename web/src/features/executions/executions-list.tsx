import { useTranslation } from "react-i18next";
import type { ListedExecutionBody } from "@/api/generated";
import { lookOfExecution } from "@/lib/status";
import { ExecutionName } from "@/ui/execution-name";
import { ExecutionSays } from "@/ui/execution-says";
import { type Column, List } from "@/ui/list";
import { Status } from "@/ui/status";
import { Ago, Taken } from "@/ui/time";

export function ExecutionsList({ rows }: { rows: readonly ListedExecutionBody[] }) {
  const { t } = useTranslation("executions");
  const columns: readonly Column<ListedExecutionBody>[] = [
    {
      key: "status",
      title: t("status"),
      width: "132px",
      cell: (execution) => <Status look={lookOfExecution(execution)} />,
    },
    {
      key: "execution",
      main: true,
      title: t("execution"),
      width: "16%",
      cell: (it) => <ExecutionName id={it.id} pipeline={it.pipeline_name} number={it.number} />,
    },
    { key: "message", title: t("message"), wide: true, cell: (execution) => <ExecutionSays of={execution} /> },
    { key: "project", title: t("project"), width: "10%", wide: true, cell: ({ project_name }) => project_name },
    {
      key: "branch",
      title: t("branch"),
      width: "8%",
      wide: true,
      cell: ({ branch }) => <span title={branch}>{branch || "–"}</span>,
    },
    { key: "trigger", title: t("trigger"), width: "12%", wide: true, cell: (it) => <Cause of={it} /> },
    { key: "steps", title: t("steps"), width: "88px", align: "end", wide: true, cell: ({ counts }) => doneOf(counts) },
    {
      key: "taken",
      title: t("taken"),
      width: "78px",
      align: "end",
      wide: true,
      cell: (execution) => <Taken of={execution} />,
    },
    { key: "created", title: t("created"), width: "108px", cell: ({ created_at }) => <Ago at={created_at} /> },
  ];
  return <List label={t("label")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}

/** `manual · ann`: what began it, and who. */
function Cause({ of: { trigger_type, triggered_by } }: { of: ListedExecutionBody }) {
  const { t } = useTranslation("executions");
  const said = [t(`triggers.${trigger_type}`), triggered_by].filter(Boolean).join(" · ");
  return <span title={said}>{said}</span>;
}

const OPEN = new Set(["pending", "waiting", "running"]);

/** `7/12`: steps that have ended, of all. */
function doneOf(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts);
  const sum = (some: typeof entries) => some.reduce((all, [, count]) => all + count, 0);
  return `${sum(entries.filter(([status]) => !OPEN.has(status)))}/${sum(entries)}`;
}
