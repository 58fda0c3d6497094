import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ListedExecutionBody } from "@/api/generated";
import { lookOfExecution } from "@/lib/status";
import { Asked } from "@/ui/asked";
import { ExecutionName } from "@/ui/execution-name";
import { ExecutionSays } from "@/ui/execution-says";
import { type Column, List } from "@/ui/list";
import { Card } from "@/ui/page";
import { Empty } from "@/ui/states";
import { Status } from "@/ui/status";
import { Ago, Taken } from "@/ui/time";
import { executions } from "./api";
import { Bars } from "./bars";
import { Numbers } from "./numbers";
import type { PartProps } from "./pipeline-page";

/** How the last executions went: as bars, as numbers that were measured, and one by one. */
export function HistoryTab({ pipeline }: PartProps) {
  const { t } = useTranslation("pipeline");
  const asked = useQuery(executions(pipeline.id));
  return (
    <Asked asked={asked} failed={t("history.failed")}>
      {({ count, results }) =>
        count === 0 ? (
          <Empty says={t("history.none")} command={`ansflow pipelines run ${pipeline.id} --watch`} />
        ) : (
          <>
            <Bars rows={results} />
            <Numbers pipeline={pipeline.id} />
            <Card
              title={t("history.last")}
              more={
                <Link to="/executions" search={{ pipeline: pipeline.id }}>
                  {t("history.all", { count })}
                </Link>
              }
            >
              <Rows rows={results.slice(0, 10)} />
            </Card>
          </>
        )
      }
    </Asked>
  );
}

function Rows({ rows }: { rows: readonly ListedExecutionBody[] }) {
  const { t } = useTranslation("pipeline");
  const columns: readonly Column<ListedExecutionBody>[] = [
    { key: "status", title: t("history.status"), width: "132px", cell: (it) => <Status look={lookOfExecution(it)} /> },
    {
      key: "execution",
      main: true,
      title: t("history.execution"),
      width: "22%",
      cell: (it) => <ExecutionName id={it.id} pipeline={it.pipeline_name} number={it.number} />,
    },
    { key: "message", title: t("history.message"), wide: true, cell: (it) => <ExecutionSays of={it} /> },
    { key: "branch", title: t("history.branch"), width: "14%", wide: true, cell: ({ branch }) => branch || "–" },
    { key: "by", title: t("history.by"), width: "12%", wide: true, cell: ({ triggered_by }) => triggered_by || "–" },
    {
      key: "taken",
      title: t("history.taken"),
      width: "80px",
      align: "end",
      wide: true,
      cell: (it) => <Taken of={it} />,
    },
    { key: "created", title: t("history.created"), width: "108px", cell: ({ created_at }) => <Ago at={created_at} /> },
  ];
  return <List label={t("history.last")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
