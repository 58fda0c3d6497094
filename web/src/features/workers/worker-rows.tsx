import { useTranslation } from "react-i18next";
import type { QueueBody, WorkerBody } from "@/api/generated";
import { absolute, relative } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { type Column, List } from "@/ui/list";
import { Failure } from "@/ui/states";
import { useTelling } from "./api";
import { heardAt, STATE_LOOK, takenByItAlone } from "./model";
import { RunningSteps } from "./running-steps";
import { Slots } from "./slots";
import { WorkerDeeds } from "./worker-deeds";
import styles from "./workers.module.css";

interface WorkerRowsProps {
  rows: readonly WorkerBody[];
  queues: readonly QueueBody[];
  /** When the server said this, by this browser's clock. */
  answeredAt: number;
}

export function WorkerRows({ rows, queues, answeredAt }: WorkerRowsProps) {
  const { t } = useTranslation("workers");
  const telling = useTelling();
  const columns: readonly Column<WorkerBody>[] = [
    { key: "state", title: t("state"), width: "104px", cell: ({ state }) => <StateMark state={state} /> },
    {
      key: "name",
      main: true,
      title: t("name"),
      width: "15%",
      cell: (worker) => (
        <>
          <span className={styles.name} title={aboutOf(worker, t("executor", { executor: worker.executor }))}>
            {worker.name}
          </span>
          <span className={styles.narrow}>
            <Slots running={worker.running} slots={worker.slots} />
            <Heard worker={worker} answeredAt={answeredAt} />
            <RunningSteps worker={worker} />
          </span>
        </>
      ),
    },
    {
      key: "slots",
      title: t("slots"),
      width: "108px",
      wide: true,
      cell: (it) => <Slots running={it.running} slots={it.slots} />,
    },
    { key: "steps", title: t("running"), wide: true, cell: (worker) => <RunningSteps worker={worker} /> },
    {
      key: "queues",
      title: t("serves"),
      width: "12%",
      wide: true,
      cell: ({ queues: served }) => <span title={served.join(", ")}>{served.join(", ") || t("every")}</span>,
    },
    {
      key: "load",
      title: t("load"),
      width: "72px",
      align: "end",
      wide: true,
      cell: ({ load }) =>
        load === null ? <span className="muted">–</span> : <span title={t("load_says")}>{load.toFixed(2)}</span>,
    },
    { key: "version", title: t("version"), width: "92px", wide: true, cell: ({ version }) => version || "–" },
    {
      key: "heard",
      title: t("heard"),
      width: "100px",
      wide: true,
      cell: (it) => <Heard worker={it} answeredAt={answeredAt} />,
    },
    {
      key: "deeds",
      title: "",
      width: "76px",
      align: "end",
      cell: (worker) => (
        <WorkerDeeds
          worker={worker}
          alone={takenByItAlone(worker, queues, rows)}
          tell={(what) => telling.mutate({ worker, what })}
        />
      ),
    },
  ];
  const mayTell = rows.some(({ commands }) => commands.length > 0);
  const shown = columns.filter(({ key }) => key !== "deeds" || mayTell);
  return (
    <>
      {telling.error !== null && (
        <Failure what={t("not_told", { name: telling.variables?.worker.name ?? "" })} error={telling.error} />
      )}
      <List label={t("workers")} columns={shown} rows={rows} idOf={({ id }) => id} />
    </>
  );
}

function aboutOf({ name, host, executor }: WorkerBody, isolation: string): string {
  return [name, host === name ? "" : host, executor === "" ? "" : isolation].filter(Boolean).join(" · ");
}

function StateMark({ state }: { state: WorkerBody["state"] }) {
  const { t } = useTranslation("workers");
  const { icon: Icon, tone } = STATE_LOOK[state];
  return (
    <span className={styles.state} data-tone={tone} title={t(`states_says.${state}`)}>
      <Icon size={14} aria-hidden /> {t(`states.${state}`)}
    </span>
  );
}

/** How long ago a worker was heard of: it goes on counting while no answer comes. */
function Heard({ worker, answeredAt }: { worker: WorkerBody; answeredAt: number }) {
  const { i18n } = useTranslation();
  const now = useNow(1_000);
  const at = new Date(heardAt(worker.silent_seconds, answeredAt)).toISOString();
  return (
    <time dateTime={worker.seen_at} title={absolute(worker.seen_at, i18n.language)}>
      {relative(at, Math.max(now, answeredAt), i18n.language)}
    </time>
  );
}
