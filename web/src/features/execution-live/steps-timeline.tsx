import { useTranslation } from "react-i18next";
import { lookOfStep } from "@/lib/status";
import { duration } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { Status } from "@/ui/status";
import { Taken } from "@/ui/time";
import { marks, timelineOf } from "./model/timeline";
import styles from "./steps.module.css";
import type { StepsProps } from "./steps-list";

/** Where the time went: what a step waited, once nothing that it needs was open any more, and what it ran. */
export default function StepsTimeline({ execution, chosen, choose }: StepsProps) {
  const { t } = useTranslation("execution-live");
  const { bars, seconds } = timelineOf(execution, useNow(execution.ended_at === null ? 1_000 : 0));
  const at = (second: number) => `${(100 * second) / seconds}%`;
  return (
    <div className={styles.scroll}>
      <div className={`${styles.timed} ${styles.axis}`}>
        <i />
        <div className={styles.track} aria-hidden>
          {marks(seconds, 5).map((second) => (
            <span key={second} style={{ left: at(second) }}>
              {second === 0 ? "0" : duration(second)}
            </span>
          ))}
        </div>
      </div>
      <ul className={styles.list} aria-label={t("views.timeline")}>
        {bars.map(({ step, waits, runs, ends, critical }) => (
          <li key={step.key}>
            <button
              type="button"
              className={`${styles.row} ${styles.timed}`}
              aria-current={step.key === chosen ? "true" : undefined}
              title={[t("waited", { waited: duration((runs ?? ends) - waits) }), critical ? t("critical") : ""].join(
                " ",
              )}
              onClick={() => choose(step.key)}
            >
              <span className={styles.name}>
                <Status look={lookOfStep(step)} bare /> {step.name || step.key}
              </span>
              <span className={styles.track}>
                <span className={styles.wait} style={{ left: at(waits), width: at((runs ?? ends) - waits) }} />
                {runs === null ? null : (
                  <span
                    className={styles.bar}
                    data-tone={lookOfStep(step).tone}
                    data-critical={critical}
                    style={{ left: at(runs), width: at(ends - runs) }}
                  />
                )}
              </span>
              <span className={styles.taken}>
                <Taken of={step} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
