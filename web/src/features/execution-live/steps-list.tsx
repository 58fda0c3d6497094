import { ChevronDown, ChevronRight } from "lucide-react";
import { memo, useCallback, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { useTranslated } from "@/lib/sentences";
import { lookOfStep } from "@/lib/status";
import { SearchBox } from "@/ui/search-box";
import { Status } from "@/ui/status";
import { Taken } from "@/ui/time";
import { bundleOf, type Row, rowsOf } from "./model/rows";
import styles from "./steps.module.css";
import { useRowsInSight } from "./use-sight";

export interface StepsProps {
  execution: WholeExecutionBody;
  chosen: string;
  choose: (key: string) => void;
}

const MANY = 12; // steps from which on one wants to look for some of them
const NONE: ReadonlySet<string> = new Set();

/** One line a step, in the order of the file; groups and matrices under the name that their steps share. */
export function StepsList({ execution, chosen, choose }: StepsProps) {
  const { t } = useTranslation(["execution-live", "status"]);
  const list = useRef<HTMLDivElement>(null);
  const [words, setWords] = useState("");
  const [closed, setClosed] = useState(NONE);
  const steps = execution.step_executions;
  const rows = useMemo(() => {
    const wanted = words.trim().toLowerCase();
    const text = (step: StepExecutionBody) => `${step.key} ${step.name} ${t(`status:${lookOfStep(step).word}`)}`;
    return rowsOf(steps, closed, wanted === "" ? null : (step) => text(step).toLowerCase().includes(wanted));
  }, [steps, closed, words, t]);
  const at = rows.findIndex((row) => row.kind === "step" && row.step.key === chosen);
  const { first, last, style } = useRowsInSight(list, rows.length, at);
  const toggle = useCallback(
    (name: string) =>
      setClosed((now) => new Set(now.has(name) ? [...now].filter((one) => one !== name) : [...now, name])),
    [],
  );
  return (
    <>
      {steps.length < MANY ? null : <SearchBox small label={t("steps_filter")} value={words} onChange={setWords} />}
      <div ref={list} className={styles.scroll}>
        <ul className={styles.list} aria-label={t("steps")} style={style}>
          {rows
            .slice(first, last)
            .map((row) =>
              row.kind === "group" ? (
                <GroupRow key={`group ${row.name}`} {...row} toggle={toggle} />
              ) : (
                <StepRow key={row.step.key} step={row.step} chosen={row.step.key === chosen} choose={choose} />
              ),
            )}
          {rows.length === 0 ? <li className={styles.heading}>{t("steps_none")}</li> : null}
        </ul>
      </div>
    </>
  );
}

type GroupRowProps = Omit<Extract<Row, { kind: "group" }>, "kind"> & { toggle: (name: string) => void };

const GroupRow = memo(function GroupRow({ name, open, all, failed, done, toggle }: GroupRowProps) {
  const { t } = useTranslation("execution-live");
  return (
    <li>
      <button type="button" className={styles.row} data-group aria-expanded={open} onClick={() => toggle(name)}>
        {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
        <span className={styles.name}>{name}</span>
        {failed > 0 ? <span className={styles.failed}>{t("group_failed", { count: failed })}</span> : null}
        <span className={styles.taken}>
          {done}/{all}
        </span>
      </button>
    </li>
  );
});

interface StepRowProps {
  step: StepExecutionBody;
  chosen: boolean;
  choose: (key: string) => void;
}

/** Drawn anew only when this step has changed: there may be a thousand. */
const StepRow = memo(function StepRow({ step, chosen, choose }: StepRowProps) {
  const translated = useTranslated();
  return (
    <li>
      <button
        type="button"
        className={styles.row}
        data-key={step.key}
        data-member={bundleOf(step) !== ""}
        aria-current={chosen ? "true" : undefined}
        title={translated(step.message) || step.name || step.key}
        onClick={() => choose(step.key)}
      >
        <Status look={lookOfStep(step)} bare />
        <span className={styles.name}>{step.name || legOf(step)}</span>
        {step.attempt > 1 ? <span className="muted">×{step.attempt}</span> : null}
        <span className={styles.taken}>
          <Taken of={step} />
        </span>
      </button>
    </li>
  );
});

/** Below the name of its matrix, only what is special to a leg. */
function legOf(step: StepExecutionBody): string {
  const name = bundleOf(step);
  return name !== "" && step.key.startsWith(`${name} (`) ? step.key.slice(name.length + 2, -1) : step.key;
}
