import { memo, useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody } from "@/api/generated";
import { lookOfStep } from "@/lib/status";
import { duration } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { Status } from "@/ui/status";
import { Taken } from "@/ui/time";
import { marks, timelineOf } from "./model/timeline";
import styles from "./steps.module.css";
import type { StepsProps } from "./steps-list";
import { useRowsInSight } from "./use-sight";

const AXIS = 20; // pixels, as in steps.module.css

/** Where the time went: what a step waited, once nothing that it needs was open any more, and what it ran. */
export default function StepsTimeline({ execution, chosen, choose }: StepsProps) {
  const { t } = useTranslation("execution-live");
  const scroll = useRef<HTMLDivElement>(null);
  const { bars, seconds } = useMemo(() => timelineOf(execution), [execution]);
  const long = seconds(useNow(execution.ended_at === null ? 1_000 : 0));
  const at = bars.findIndex(({ step }) => step.key === chosen);
  const { first, last, style } = useRowsInSight(scroll, bars.length, at, AXIS);
  return (
    <div ref={scroll} className={styles.scroll}>
      <div className={`${styles.timed} ${styles.axis}`}>
        <i />
        <div className={styles.track} aria-hidden>
          {marks(long, 5).map((second) => (
            <span key={second} style={{ left: `${(100 * second) / long}%` }}>
              {second === 0 ? "0" : duration(second)}
            </span>
          ))}
        </div>
      </div>
      <ul
        className={styles.list}
        aria-label={t("views.timeline")}
        style={{ ...style, ["--second" as string]: `${100 / long}%` }}
      >
        {bars.slice(first, last).map(({ step, waits, runs, ends, critical }) => (
          <BarRow
            key={step.key}
            step={step}
            waits={waits}
            runs={runs}
            ends={ends ?? (waits === null ? 0 : long)}
            critical={critical}
            chosen={step.key === chosen}
            choose={choose}
          />
        ))}
      </ul>
    </div>
  );
}

interface BarRowProps {
  step: StepExecutionBody;
  waits: number | null;
  runs: number | null;
  ends: number;
  critical: boolean;
  chosen: boolean;
  choose: (key: string) => void;
}

/**
 * Drawn anew only when this step has changed, and each second while it goes on. How long a second is stands at the list:
 * as time goes by, bars that have ended become shorter without being drawn anew.
 */
const BarRow = memo(function BarRow({ step, waits, runs, ends, critical, chosen, choose }: BarRowProps) {
  const { t } = useTranslation("execution-live");
  const waited = (runs ?? ends) - (waits ?? ends);
  const look = lookOfStep(step);
  return (
    <li>
      <button
        type="button"
        className={`${styles.row} ${styles.timed}`}
        data-key={step.key}
        aria-current={chosen ? "true" : undefined}
        title={[t("waited", { waited: duration(waited) }), critical ? t("critical") : ""].join(" ")}
        onClick={() => choose(step.key)}
      >
        <span className={styles.name}>
          <Status look={look} bare /> {step.name || step.key}
        </span>
        <span className={styles.track}>
          {waits === null ? null : <span className={styles.wait} style={span(waits, runs ?? ends)} />}
          {runs === null ? null : (
            <span className={styles.bar} data-tone={look.tone} data-critical={critical} style={span(runs, ends)} />
          )}
        </span>
        <span className={styles.taken}>
          <Taken of={step} />
        </span>
      </button>
    </li>
  );
});

function span(from: number, to: number) {
  return { left: `calc(${from} * var(--second))`, width: `calc(${to - from} * var(--second))` };
}
