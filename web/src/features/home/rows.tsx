import { useTranslation } from "react-i18next";
import type { ApprovalBody, ListedExecutionBody } from "@/api/generated";
import { useTranslated } from "@/lib/sentences";
import { lookOfExecution, STEP_LOOK } from "@/lib/status";
import { ExecutionName } from "@/ui/execution-name";
import { ExecutionSays } from "@/ui/execution-says";
import { type Column, List } from "@/ui/list";
import { Status } from "@/ui/status";
import { Ago, Taken } from "@/ui/time";

export function ExecutionRows({ label, rows }: { label: string; rows: readonly ListedExecutionBody[] }) {
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
      width: "26%",
      cell: (it) => <ExecutionName id={it.id} pipeline={it.pipeline_name} number={it.number} />,
    },
    { key: "message", title: t("message"), wide: true, cell: (execution) => <ExecutionSays of={execution} /> },
    { key: "by", title: t("by"), width: "12%", wide: true, cell: ({ triggered_by }) => triggered_by || "–" },
    {
      key: "taken",
      title: t("taken"),
      width: "80px",
      align: "end",
      wide: true,
      cell: (execution) => <Taken of={execution} />,
    },
    { key: "created", title: t("created"), width: "108px", cell: ({ created_at }) => <Ago at={created_at} /> },
  ];
  return <List label={label} columns={columns} rows={rows} idOf={({ id }) => id} />;
}

export function ApprovalRows({ label, rows }: { label: string; rows: readonly ApprovalBody[] }) {
  const { t } = useTranslation("executions");
  const translated = useTranslated();
  const columns: readonly Column<ApprovalBody>[] = [
    { key: "status", title: t("status"), width: "132px", cell: () => <Status look={STEP_LOOK.waiting} /> },
    {
      key: "execution",
      main: true,
      title: t("execution"),
      width: "26%",
      cell: (it) => <ExecutionName id={it.execution} pipeline={it.pipeline_name} number={it.execution_number} />,
    },
    { key: "step", title: t("step"), wide: true, cell: ({ name, step }) => name || step },
    {
      key: "message",
      title: t("message"),
      wide: true,
      cell: ({ message }) => <span title={translated(message)}>{translated(message)}</span>,
    },
    { key: "by", title: t("by"), width: "12%", wide: true, cell: ({ triggered_by }) => triggered_by || "–" },
    { key: "created", title: t("created"), width: "108px", cell: ({ requested_at }) => <Ago at={requested_at} /> },
  ];
  return <List label={label} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
