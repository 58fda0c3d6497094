import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { WholeExecutionBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { STEP_LOOK, type StepStatus } from "@/lib/status";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { Moment } from "@/ui/time";
import { decisions } from "./api";
import styles from "./details.module.css";
import { useSeq } from "./use-seq";

/** Every decision about a step, with its reason in a sentence. */
export default function Why({ execution, step }: { execution: WholeExecutionBody; step: string }) {
  const { t } = useTranslation(["execution-live", "status"]);
  const { data, error } = useQuery(decisions(execution.id, step, useSeq(execution)));
  if (error !== null) return <Failure what={t("why_failed")} error={error} />;
  if (data === undefined) return <Skeleton />;
  if (data.length === 0) return <Empty says={t("why_none")} />;
  const first = data.find(({ at }) => at !== null)?.at ?? "";
  return (
    <ol className={styles.decisions}>
      {data.map(({ kind, seq, at, status, attempt, message }, index) => (
        <li key={seq ?? `${kind} ${index}`}>
          <span className="muted">
            {at === null ? t(`why_${kind === "plan" ? "plan" : "now"}`) : <Moment at={at} since={first} />}
          </span>
          <span>
            <strong>{wordOf(status, t)}</strong>
            {attempt > 1 ? ` ×${attempt}` : ""}
          </span>
          <span>{translated(message)}</span>
        </li>
      ))}
    </ol>
  );
}

function wordOf(status: string, t: ReturnType<typeof useTranslation<["execution-live", "status"]>>["t"]): string {
  const look = Object.hasOwn(STEP_LOOK, status) ? STEP_LOOK[status as StepStatus] : undefined;
  return look === undefined ? status : t(`status:${look.word}`);
}
