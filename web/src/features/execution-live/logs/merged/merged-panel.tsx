import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { WholeExecutionBody } from "@/api/generated";
import { EXECUTION_LOOK } from "@/lib/status";
import { Failure, Skeleton } from "@/ui/states";
import type { Live } from "../../model/live";
import { type Origin, Origins } from "../../model/origin";
import { type ExecutionSearch, tidy } from "../../search";
import whole from "../../whole.module.css";
import styles from "../log.module.css";
import { ReadingButtons, useReading } from "../reading";
import { Results } from "../search/results";
import { SearchBar } from "../search/search-bar";
import { useFound } from "../search/use-found";
import { useTimes } from "../use-times";
import { MergedWindow } from "./merged-window";
import { useMerged } from "./use-merged";

interface MergedPanelProps {
  live: Live | null;
  execution: WholeExecutionBody;
  search: ExecutionSearch;
  change: (to: ExecutionSearch) => void;
  /** Opens the log of one step, at a line. */
  show: (key: string, to: ExecutionSearch, line: string) => void;
}

/** One log of all steps, and the search through it. */
export default function MergedPanel({ live, execution, search, change, show }: MergedPanelProps) {
  const { t } = useTranslation("execution-live");
  const logs = useMerged(live, execution.id);
  const found = useFound(execution.id, search, "", null);
  const [goal, setGoal] = useState<{ row: number; at: unknown; hit: number } | null>(null);
  const grows = !EXECUTION_LOOK[execution.status].final;
  const reading = useReading(grows);
  const times = useTimes(execution.id, reading.hasTimes);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the steps of an execution never change their names
  const origins = useMemo(() => new Origins(execution.step_executions), [execution.id]);
  const { merged, before, loading, error } = logs;
  const hitAt = goal?.hit ?? -1;
  const go = (at: number) => {
    const hit = found.hits[at];
    const row = hit === undefined ? undefined : merged.rowOf(hit.step, hit.attempt, hit.line);
    if (row === undefined) return;
    reading.setFollows(false);
    setGoal({ row, at: {}, hit: at });
  };
  const pick = useMemo(() => {
    const { merged: _, ...kept } = search;
    return (line: number, _more: boolean, origin?: Origin) => {
      if (origin !== undefined) show(origin.step, { ...kept, attempt: origin.attempt }, `L${line}`);
    };
  }, [show, search]);
  const shown = { ...found, at: hitAt };
  return (
    <section className={whole.panel} aria-label={t("merged.title")}>
      <div className={whole.panelHead}>
        <h2>{t("merged.title")}</h2>
      </div>
      <p className={whole.says}>
        {t(grows ? "merged.order_live" : before < merged.rows ? "merged.order_seen" : "merged.order")}
      </p>
      <div className={styles.panel}>
        <div className={styles.bar}>
          <SearchBar search={search} found={shown} change={(to) => change(tidy(to))} go={go} />
          <span className={styles.space} />
          <span className={styles.count}>{loading ? "" : t("lines", { count: merged.rows })}</span>
          <ReadingButtons reading={reading} grows={grows} />
        </div>
        {search.find === undefined ? null : <Results found={shown} steps={execution.step_executions} go={go} />}
        {error === null ? null : <Failure what={t("log_failed")} error={error} />}
        {times?.error ? <Failure what={t("times_failed")} error={times.error} /> : null}
        {loading ? (
          <Skeleton rows={12} />
        ) : (
          <MergedWindow
            logs={logs}
            origins={origins}
            reading={reading}
            times={times}
            grows={grows}
            goal={goal}
            found={found.inLog}
            pick={pick}
          />
        )}
      </div>
    </section>
  );
}
