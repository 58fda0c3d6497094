import { CircleX } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { QueueBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { duration } from "@/lib/time";
import { type Column, List } from "@/ui/list";
import { Slots } from "./slots";
import styles from "./workers.module.css";

export function QueueRows({ rows }: { rows: readonly QueueBody[] }) {
  const { t } = useTranslation("workers");
  const columns: readonly Column<QueueBody>[] = [
    {
      key: "name",
      main: true,
      title: t("queue"),
      width: "22%",
      cell: (queue) => (
        <>
          <code title={queue.name}>{queue.name}</code>
          <span className={styles.narrow}>
            <Serving queue={queue} />
          </span>
        </>
      ),
    },
    {
      key: "waiting",
      title: t("waiting"),
      width: "90px",
      align: "end",
      cell: ({ waiting }) => (waiting === 0 ? <span className="muted">0</span> : <strong>{waiting}</strong>),
    },
    {
      key: "oldest",
      title: t("oldest"),
      width: "110px",
      align: "end",
      cell: ({ oldest_seconds: seconds }) =>
        seconds === null ? <span className="muted">–</span> : duration(Math.max(seconds, 0)),
    },
    {
      key: "slots",
      title: t("in_use"),
      width: "130px",
      wide: true,
      cell: ({ running, slots }) => <Slots running={running} slots={slots} />,
    },
    { key: "served", title: t("served_by"), wide: true, cell: (queue) => <Serving queue={queue} /> },
  ];
  return <List label={t("queues")} columns={columns} rows={rows} idOf={({ name }) => name} />;
}

function Serving({ queue: { message, workers } }: { queue: QueueBody }) {
  const { t } = useTranslation("workers");
  if (message !== "") {
    const sentence = translated(message);
    return (
      <span className={styles.trouble} title={sentence}>
        <CircleX size={14} aria-hidden /> {sentence}
      </span>
    );
  }
  if (workers.length === 0) return <span className="muted">{t("nobody")}</span>;
  return <span title={workers.join(", ")}>{workers.join(", ")}</span>;
}
