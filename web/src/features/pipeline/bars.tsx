import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import type { ListedExecutionBody } from "@/api/generated";
import { lookOfExecution } from "@/lib/status";
import { absolute, duration } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { ExecutionLink } from "@/ui/execution-link";
import { Card } from "@/ui/page";
import styles from "./history.module.css";
import { barsOf } from "./model/bars";

/** The last executions side by side: the height is the duration, the colour the status, and each leads to its execution. */
export function Bars({ rows }: { rows: readonly ListedExecutionBody[] }) {
  const { t, i18n } = useTranslation(["pipeline", "status"]);
  const running = rows.some(({ started_at, ended_at }) => started_at !== null && ended_at === null);
  const bars = barsOf(rows, useNow(running ? 1_000 : 0));
  const longest = Math.max(...bars.map(({ seconds }) => seconds ?? 0));
  return (
    <Card title={t("history.bars", { count: bars.length })}>
      <ol className={styles.bars}>
        {bars.map(({ execution, height, seconds }) => {
          const look = lookOfExecution(execution);
          const says = t("history.bar", {
            number: execution.number,
            status: t(`status:${look.word}`),
            taken: seconds === null ? "–" : duration(seconds),
            at: absolute(execution.created_at, i18n.language),
          });
          return (
            <li key={execution.id} data-tone={look.tone} style={{ "--height": `${height}%` } as CSSProperties}>
              <ExecutionLink of={execution} label={says} />
            </li>
          );
        })}
      </ol>
      <p className={styles.axis}>
        <span>{t("history.oldest", { number: bars[0]?.execution.number })}</span>
        <span>{t("history.longest", { taken: duration(longest) })}</span>
      </p>
    </Card>
  );
}
