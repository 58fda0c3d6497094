import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { lookOfStep } from "@/lib/status";
import { Status } from "@/ui/status";
import { Taken } from "@/ui/time";
import styles from "./steps.module.css";

export interface StepsProps {
  execution: WholeExecutionBody;
  chosen: string;
  choose: (key: string) => void;
}

/** One line a step, in the order of the file; a matrix under the name that its legs share. */
export function StepsList({ execution, chosen, choose }: StepsProps) {
  const { t } = useTranslation("execution-live");
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector(`[data-key="${CSS.escape(chosen)}"]`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const steps = execution.step_executions;
  return (
    <ul ref={list} className={styles.list} aria-label={t("steps")}>
      {steps.map((step, at) => (
        <StepRow
          key={step.key}
          step={step}
          chosen={step.key === chosen}
          choose={choose}
          heading={step.group !== "" && step.group !== steps[at - 1]?.group ? step.group : ""}
        />
      ))}
    </ul>
  );
}

interface StepRowProps {
  step: StepExecutionBody;
  chosen: boolean;
  choose: (key: string) => void;
  heading: string;
}

function StepRow({ step, chosen, choose, heading }: StepRowProps) {
  return (
    <>
      {heading === "" ? null : <li className={styles.heading}>{heading}</li>}
      <li>
        <button
          type="button"
          className={styles.row}
          data-key={step.key}
          data-member={step.group !== ""}
          aria-current={chosen ? "true" : undefined}
          title={step.message}
          onClick={() => choose(step.key)}
        >
          <Status look={lookOfStep(step)} bare />
          <span className={styles.name}>{step.name || step.key}</span>
          {step.attempt > 1 ? <span className="muted">×{step.attempt}</span> : null}
          <span className={styles.taken}>
            <Taken of={step} />
          </span>
        </button>
      </li>
    </>
  );
}
