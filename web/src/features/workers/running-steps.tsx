import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { WorkerBody } from "@/api/generated";
import { shownSteps } from "./model";
import styles from "./workers.module.css";

const FEW = 6;

/** What a worker runs: links to steps; more than a few of them when asked for. */
export function RunningSteps({ worker }: { worker: WorkerBody }) {
  const { t } = useTranslation("workers");
  const [all, setAll] = useState(false);
  if (worker.running === 0) return <span className="muted">{t("idle")}</span>;
  const { shown, more, unseen } = shownSteps(worker, all ? worker.steps.length : FEW);
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
      {more > 0 && (
        <button type="button" onClick={() => setAll(true)}>
          {t("more", { count: more })}
        </button>
      )}
      {unseen > 0 && <span className="muted">{t("unseen", { count: unseen })}</span>}
    </span>
  );
}
