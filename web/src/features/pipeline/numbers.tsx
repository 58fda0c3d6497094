import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { duration } from "@/lib/time";
import { Asked } from "@/ui/asked";
import { Card } from "@/ui/page";
import { statistics } from "./api";
import styles from "./history.module.css";

const UNKNOWN = "–";

/** What was measured in the last 30 days. What was not is a dash. */
export function Numbers({ pipeline }: { pipeline: number }) {
  const { t, i18n } = useTranslation("pipeline");
  const asked = useQuery(statistics(pipeline));
  const rate = (of: number | null) =>
    of === null
      ? UNKNOWN
      : new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 }).format(of);
  const time = (seconds: number | null) => (seconds === null ? UNKNOWN : duration(seconds));
  return (
    <Card title={t("numbers.title")}>
      <Asked asked={asked} failed={t("numbers.failed")} rows={2}>
        {(it) => (
          <dl className={styles.numbers}>
            {[
              [t("numbers.total"), String(it.total)],
              [t("numbers.rate"), rate(it.success_rate)],
              [t("numbers.failed_count"), String(it.counts.failed + it.counts.timeout)],
              [t("numbers.p50"), time(it.duration_seconds.p50)],
              [t("numbers.p95"), time(it.duration_seconds.p95)],
              [t("numbers.queue"), time(it.queue_seconds.p50)],
            ].map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </Asked>
    </Card>
  );
}
