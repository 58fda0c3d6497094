import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { lookOfStep } from "@/lib/status";
import { Choice } from "@/ui/choice";
import { Failure, Skeleton } from "@/ui/states";
import { Status } from "@/ui/status";
import { Taken } from "@/ui/time";
import { stepDetail } from "./api";
import { ApprovalCard } from "./approval-card";
import { Artifacts } from "./artifacts";
import { LogPanel } from "./log-panel";
import type { Live } from "./model/live";
import { type ExecutionSearch, TABS } from "./search";
import { StepDeeds } from "./step-deeds";
import { Tests } from "./tests";
import styles from "./whole.module.css";
import { Why } from "./why";

const Summary = lazy(() => import("./summary"));

interface StepPanelProps {
  execution: WholeExecutionBody;
  step: StepExecutionBody;
  live: Live | null;
  search: ExecutionSearch;
  hash: string;
  show: (key: string, to?: ExecutionSearch, line?: string) => void;
}

/** One step: how it stands and why, its gate, and its log, reports, files and decisions. */
export function StepPanel({ execution, step, live, search, hash, show }: StepPanelProps) {
  const { t } = useTranslation("execution-live");
  const seen = `${step.status} ${step.attempt}`;
  const detail = useQuery(stepDetail(execution.id, step.key, seen));
  const attempt = search.attempt ?? step.attempt;
  const tab = search.tab ?? "log";
  const known = detail.data?.key === step.key ? detail.data : undefined; // not that of the step shown before
  const one = known?.attempts.find(({ number }) => number === attempt);
  const report = attempt === step.attempt ? known?.report : one?.report;
  const look = lookOfStep(step);
  return (
    <section className={styles.panel} aria-label={step.name || step.key}>
      <div className={styles.panelHead}>
        <h2>{step.name || step.key}</h2>
        <Status look={look} />
        <span className="muted">
          <Taken of={step} />
        </span>
        {step.attempt > 1 ? (
          <Choice
            label={t("attempt")}
            value={String(attempt)}
            options={Array.from({ length: step.attempt }, (_, at) => ({
              value: String(at + 1),
              label: t("attempt_n", { number: at + 1 }),
            }))}
            onChange={(number) => show(step.key, { ...search, attempt: Number(number) })}
          />
        ) : null}
        <StepDeeds execution={execution} step={step} />
      </div>
      {step.message === "" ? null : (
        <p className={styles.says} data-tone={look.tone}>
          {one !== undefined && attempt !== step.attempt ? one.message : step.message}
        </p>
      )}
      {step.status === "waiting" ? <ApprovalCard execution={execution} step={step.key} /> : null}
      <div className={styles.tabs} role="tablist" aria-label={t("tabs.label")}>
        {TABS.map((value) => (
          <button
            key={value}
            type="button"
            role="tab"
            aria-selected={value === tab}
            onClick={() =>
              show(step.key, {
                ...(search.attempt && { attempt: search.attempt }),
                ...(value !== "log" && { tab: value }),
              })
            }
          >
            {t(`tabs.${value}`)}
            {value === "tests" && step.tests !== null ? ` ${step.tests.total}` : ""}
            {value === "artifacts" && step.artifacts_count > 0 ? ` ${step.artifacts_count}` : ""}
          </button>
        ))}
      </div>
      <div className={styles.tab} role="tabpanel">
        {detail.error !== null && tab !== "log" ? <Failure what={t("step_failed")} error={detail.error} /> : null}
        <Suspense fallback={<Skeleton />}>
          {tab === "log" ? (
            <LogPanel
              key={`${step.key} ${attempt}`}
              live={live}
              execution={execution.id}
              step={step}
              attempt={attempt}
              hash={hash}
              pick={(line) => show(step.key, search, line)}
            />
          ) : null}
          {tab === "summary" && report !== undefined ? <Summary report={report} /> : null}
          {tab === "tests" && report !== undefined ? <Tests report={report} /> : null}
          {tab === "artifacts" ? <Artifacts execution={execution} step={step} /> : null}
          {tab === "why" ? <Why key={step.key} execution={execution} step={step.key} /> : null}
        </Suspense>
      </div>
    </section>
  );
}
