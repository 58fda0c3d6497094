import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { WorkerBody } from "@/api/generated";
import { shownSteps } from "./model";
import styles from "./workers.module.css";

/** What a worker runs: links to steps, and how many more there are. */
export function RunningSteps({ worker, most }: { worker: WorkerBody; most: number }) {
  const { t } = useTranslation("workers");
  if (worker.running === 0) return <span className="muted">{t("idle")}</span>;
  const { shown, more, unseen } = shownSteps(worker, most);
  return (
    <span className={styles.steps}>
      {shown.map((step) => (
        <Link
          key={`${step.execution} ${step.step}`}
          to="/executions/$id/steps/$key"
          params={{ id: String(step.execution), key: step.step }}
          title={`${step.project_name} · ${step.pipeline_name} #${step.number} · ${step.step}`}
        >
          {step.pipeline_name} <span className="muted">#{step.number}</span> {step.name || step.step}
        </Link>
      ))}
      {more > 0 && <span className="muted">{t("more", { count: more })}</span>}
      {unseen > 0 && <span className="muted">{t("unseen", { count: unseen })}</span>}
    </span>
  );
}
