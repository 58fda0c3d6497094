import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { lookOfStep } from "@/lib/status";
import { part, useAhead } from "@/ui/part";
import { SinceDeployment } from "@/ui/since-deployment";
import { Failure, Skeleton } from "@/ui/states";
import { Status } from "@/ui/status";
import { Taken } from "@/ui/time";
import { stepDetail } from "./api";
import { Attempts } from "./attempts";
import { LogTab } from "./logs/log-tab";
import type { Live } from "./model/live";
import { type ExecutionSearch, TABS, tidy } from "./search";
import { StepDeeds } from "./step-deeds";
import { Waits } from "./waits";
import styles from "./whole.module.css";

// What asks, and what tells of a failure, is fetched beside its data; what stands behind the other tabs, once that is there.
const ApprovalCard = part(async () => (await import("./approval-card")).default);
const FailureCard = part(async () => (await import("./failure-card")).default);
const waiting = { fallback: <Skeleton /> };
const Artifacts = part(async () => (await import("./artifacts")).default, waiting);
const Summary = part(async () => (await import("./summary")).default, waiting);
const Tests = part(async () => (await import("./tests")).default, waiting);
const Why = part(async () => (await import("./why")).default, waiting);

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
  const { t } = useTranslation(["execution-live", "app"]);
  const seen = `${step.status} ${step.attempt}`;
  const detail = useQuery(stepDetail(execution.id, step.key, seen));
  useAhead(Summary, Tests, Artifacts, Why);
  const attempt = Math.min(search.attempt ?? step.attempt, step.attempt);
  const tab = search.tab ?? "log";
  const known = detail.data?.key === step.key ? detail.data : undefined; // not that of the step shown before
  const one = known?.attempts.find(({ number }) => number === attempt);
  const report = attempt === step.attempt ? known?.report : one?.report;
  const look = lookOfStep(step);
  const change = (to: ExecutionSearch) => show(step.key, tidy(to));
  const said = one !== undefined && attempt !== step.attempt ? one.message : step.message;
  const waits = step.status === "pending" && attempt === step.attempt;
  const failed = attempt < step.attempt || step.status === "failed";
  return (
    <section className={styles.panel} aria-label={step.name || step.key}>
      <div className={styles.panelHead}>
        <h2>{step.name || step.key}</h2>
        <Status look={look} />
        <span className="muted">
          <Taken of={step} />
        </span>
        {step.attempt > 1 ? (
          <Attempts step={step} known={known?.attempts ?? []} attempt={attempt} search={search} change={change} />
        ) : null}
        <StepDeeds execution={execution} step={step} />
      </div>
      {said === "" || step.status === "waiting" || waits ? null : (
        <p className={styles.says} data-tone={look.tone}>
          {translated(said)}
        </p>
      )}
      {waits ? <Waits execution={execution} step={step.key} said={said} /> : null}
      {known?.deployment == null ? null : (
        <p className={styles.says}>
          {known.deployment.last !== null && t("app:deployment.title", known.deployment)}
          <SinceDeployment deployment={known.deployment} pipeline={execution.pipeline} />
        </p>
      )}
      {step.status === "waiting" ? <ApprovalCard execution={execution} step={step.key} /> : null}
      {failed && attempt > 0 ? (
        <FailureCard
          execution={execution.id}
          step={step}
          attempt={attempt}
          report={report}
          besideLog={tab === "log"}
          goToLine={(line) => show(step.key, tidy({ ...search, tab: "log" }), `L${line}`)}
          goToTests={() => change({ ...search, tab: "tests" })}
        />
      ) : null}
      <div className={styles.tabs} role="tablist" aria-label={t("tabs.label")}>
        {TABS.map((value) => (
          <button
            key={value}
            type="button"
            role="tab"
            aria-selected={value === tab}
            onClick={() => change({ ...search, tab: value })}
          >
            {t(`tabs.${value}`)}
            {value === "tests" && step.tests !== null ? ` ${step.tests.total}` : ""}
            {value === "artifacts" && step.artifacts_count > 0 ? ` ${step.artifacts_count}` : ""}
          </button>
        ))}
      </div>
      <div
        className={styles.tab}
        role="tabpanel"
        aria-label={t(`tabs.${tab}`)}
        {...(tab !== "log" && { tabIndex: 0 })} // it scrolls, also by keyboard
      >
        {detail.error !== null && tab !== "log" ? <Failure what={t("step_failed")} error={detail.error} /> : null}
        {tab === "log" ? (
          <LogTab
            live={live}
            execution={execution}
            step={step}
            attempt={attempt}
            search={search}
            hash={hash}
            show={show}
          />
        ) : null}
        {tab === "summary" && report !== undefined ? <Summary report={report} /> : null}
        {tab === "tests" && report !== undefined ? <Tests report={report} /> : null}
        {tab === "artifacts" ? <Artifacts execution={execution} step={step} /> : null}
        {tab === "why" ? <Why key={step.key} execution={execution} step={step.key} /> : null}
      </div>
    </section>
  );
}
