import { useTranslation } from "react-i18next";
import type { ReportBody } from "@/api/generated";
import { textOf } from "@/lib/ansi";
import { duration } from "@/lib/time";
import { Empty } from "@/ui/states";
import styles from "./details.module.css";
import { coverageOf, type FailedTest, placeOf, testsOf } from "./model/report";

/** The test tool's own numbers, and every failing test with its own words. */
export default function Tests({ report }: { report: ReportBody }) {
  const { t, i18n } = useTranslation("execution-live");
  const tests = testsOf(report);
  const coverage = coverageOf(report);
  if (tests === null && coverage === null)
    return <Empty says={t("tests_none")} command="reports: {junit: junit.xml}" />;
  const number = new Intl.NumberFormat(i18n.language);
  const counted = tests === null ? [] : (["total", "passed", "failed", "errors", "skipped"] as const);
  return (
    <>
      <dl className={styles.facts}>
        {counted.map((name) => (
          <div key={name}>
            <dt>{t(`tests.${name}`)}</dt>
            <dd>{number.format(tests?.[name] ?? 0)}</dd>
          </div>
        ))}
        {tests === null ? null : (
          <div>
            <dt>{t("tests.seconds")}</dt>
            <dd>{duration(tests.seconds)}</dd>
          </div>
        )}
        {coverage === null ? null : (
          <div>
            <dt>{t("tests.coverage")}</dt>
            <dd>{coverage.toFixed(1)} %</dd>
          </div>
        )}
      </dl>
      <ul className={styles.broken}>
        {tests?.failing.map((one, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they never change their order
          <Failing key={`${one.name} ${at}`} one={one} />
        ))}
      </ul>
      {tests !== null && tests.failed + tests.errors > tests.failing.length ? (
        <p className={`${styles.broken} muted`}>
          {t("tests_more", { count: tests.failed + tests.errors - tests.failing.length })}
        </p>
      ) : null}
    </>
  );
}

function Failing({ one }: { one: FailedTest }) {
  return (
    <li>
      <strong>{one.name}</strong> {one.file === "" ? null : <code className="muted">{placeOf(one)}</code>}
      {one.message === "" ? null : <pre>{one.message.split("\n").map(textOf).join("\n")}</pre>}
    </li>
  );
}
