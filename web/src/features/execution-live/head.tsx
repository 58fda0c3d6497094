import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GitBranch, GitCommitHorizontal, Unplug } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { WholeExecutionBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { lookOfExecution, STEP_LOOK, type StepStatus } from "@/lib/status";
import { duration } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { Status } from "@/ui/status";
import { Ago, Taken } from "@/ui/time";
import { usual } from "./api";
import { Deeds } from "./deeds";
import styles from "./head.module.css";
import { forecast } from "./model/forecast";
import { Neighbours } from "./neighbours";

/** What says it all by itself. */
const QUIET = new Set(["running", "waiting", "success"]);

/** What it is, how it stands and why, and what can be done with it. */
export function Head({ execution, connected }: { execution: WholeExecutionBody; connected: boolean }) {
  const { t } = useTranslation(["execution-live", "executions"]);
  const { pipeline_name, number, version, message, branch, commit, triggered_by, trigger_type } = execution;
  const ofPipeline = { to: "/pipelines/$id", params: { id: String(execution.pipeline) } } as const;
  const look = lookOfExecution(execution);
  const title = `${pipeline_name} #${number}`;
  useEffect(() => {
    document.title = `${title} · AnsFlow`;
  }, [title]);
  return (
    <header className={styles.head}>
      <div className={styles.first}>
        <h1>
          <Link {...ofPipeline}>{pipeline_name}</Link> <span className="muted">#{number}</span>
        </h1>
        <Neighbours execution={execution} />
        <Status look={look} />
        <span className={styles.taken}>
          <Taken of={execution} /> {look.final ? null : <Expected execution={execution} />}
        </span>
        {connected || look.final ? null : (
          <span role="status" className={styles.lost}>
            <Unplug size={14} aria-hidden /> {t("not_connected")}
          </span>
        )}
        <Deeds execution={execution} />
      </div>
      {execution.trigger_message === "" ? null : <p className={styles.purpose}>{execution.trigger_message}</p>}
      {QUIET.has(look.word) || message === "" ? null : (
        <p className={styles.message} data-tone={look.tone}>
          {translated(message)}
        </p>
      )}
      <div className={styles.facts}>
        <Link to="/projects/$id" params={{ id: String(execution.project) }}>
          {execution.project_name}
        </Link>
        {version === null ? null : (
          <Link {...ofPipeline} search={{ tab: "versions" }}>
            {t("version", { version })}
          </Link>
        )}
        {branch === "" ? null : (
          <span>
            <GitBranch size={13} aria-hidden /> {branch}
          </span>
        )}
        {commit === "" ? null : (
          <code>
            <GitCommitHorizontal size={13} aria-hidden /> {commit.slice(0, 10)}
          </code>
        )}
        <span>
          {t(`executions:triggers.${trigger_type}`)}
          {triggered_by === "" ? "" : ` · ${triggered_by}`}
        </span>
        <Ago at={execution.created_at} />
        {execution.rerun_of === null ? null : (
          <Link to="/executions/$id" params={{ id: String(execution.rerun_of) }}>
            {t("rerun_of")}
          </Link>
        )}
      </div>
      <Progress execution={execution} />
    </header>
  );
}

/** How long it will go on, as far as earlier executions of the pipeline tell. */
function Expected({ execution }: { execution: WholeExecutionBody }) {
  const { t } = useTranslation("execution-live");
  const { data } = useQuery(usual(execution.pipeline));
  const expected = forecast(data ?? { median: null, of: 0 }, execution.started_at, useNow(1_000));
  if (expected === null) return null;
  const { kind, seconds, usual: median } = expected;
  return (
    <span title={t("usually", { median: duration(median), count: data?.of ?? 0 })}>
      · {t(kind === "left" ? "time_left" : "time_late", { seconds: duration(seconds) })}
    </span>
  );
}

/** One part for each status, as wide as there are steps in it; in words for whoever does not see it. */
function Progress({ execution }: { execution: WholeExecutionBody }) {
  const { t } = useTranslation(["execution-live", "status"]);
  const all = execution.step_executions.length;
  const parts = (Object.keys(STEP_LOOK) as StepStatus[])
    .map((status) => ({ status, look: STEP_LOOK[status], count: execution.counts[status] ?? 0 }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => Number(other.look.final) - Number(one.look.final));
  const done = parts.filter(({ look }) => look.final).reduce((sum, { count }) => sum + count, 0);
  const words = parts.map(({ look, count }) => `${count} ${t(`status:${look.word}`)}`).join(" · ");
  return (
    <div className={styles.progress}>
      <div
        className={styles.track}
        role="progressbar"
        aria-label={t("progress")}
        aria-valuemin={0}
        aria-valuemax={all}
        aria-valuenow={done}
        aria-valuetext={words}
        title={words}
      >
        {parts.map(({ status, look, count }) => (
          <span key={status} data-tone={look.tone} style={{ flexGrow: count }} />
        ))}
      </div>
      <span className="muted">
        {done}/{all}
      </span>
    </div>
  );
}
