import { useQuery } from "@tanstack/react-query";
import { ArrowRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ReportBody, StepExecutionBody } from "@/api/generated";
import { textOf } from "@/lib/ansi";
import { lastLines, outline } from "./api";
import styles from "./details.module.css";
import { marksOf } from "./model/outline";
import { placeOf, testsOf } from "./model/report";

const MOST = 3; // errors, and failing tests, that are named here
const LINES = 20;

interface FailureCardProps {
  execution: number;
  step: StepExecutionBody;
  attempt: number;
  report: ReportBody | undefined;
  /** Whether the log itself is shown below. */
  besideLog: boolean;
  goToLine: (line: number) => void;
  goToTests: () => void;
}

/** What went wrong, in the step's own words: errors that its log marks, failing tests, its last lines. */
export default function FailureCard({
  execution,
  step,
  attempt,
  report,
  besideLog,
  goToLine,
  goToTests,
}: FailureCardProps) {
  const { t } = useTranslation("execution-live");
  const { data } = useQuery(outline(execution, step.key, attempt, true));
  const marks = marksOf(data?.groups ?? [], data?.annotations ?? []);
  const errors = [...marks.notes.values()].filter(({ level }) => level === "error").slice(0, MOST);
  const tests = report === undefined ? null : testsOf(report);
  const failing = tests?.failing ?? [];
  if (besideLog && errors.length === 0 && failing.length === 0) return null;
  return (
    <section className={styles.card} aria-label={t("failure.label")}>
      {errors.map(({ line, message, file, file_line }) => (
        <button key={line} type="button" onClick={() => goToLine(line)}>
          <span>{message}</span>
          {file === "" ? null : <code className="muted">{placeOf({ file, line: file_line })}</code>}
          <span className={styles.go}>
            {t("failure.line", { line })} <ArrowRight size={12} aria-hidden />
          </span>
        </button>
      ))}
      {failing.slice(0, MOST).map(({ name, message }) => (
        <button key={name} type="button" onClick={goToTests}>
          <span>{name}</span>
          <code className="muted">{textOf(message.split("\n")[0] ?? "").slice(0, 200)}</code>
          <span className={styles.go}>
            {t("tabs.tests")} <ArrowRight size={12} aria-hidden />
          </span>
        </button>
      ))}
      {failing.length > MOST ? (
        <button type="button" onClick={goToTests}>
          <span className="muted">{t("failure.more_tests", { count: failing.length - MOST })}</span>
        </button>
      ) : null}
      {besideLog ? null : <LastLines execution={execution} step={step.key} attempt={attempt} goToLine={goToLine} />}
    </section>
  );
}

interface LastLinesProps {
  execution: number;
  step: string;
  attempt: number;
  goToLine: (line: number) => void;
}

function LastLines({ execution, step, attempt, goToLine }: LastLinesProps) {
  const { t } = useTranslation("execution-live");
  const { data } = useQuery(lastLines(execution, step, attempt, LINES));
  if (data === undefined || data.lines.length === 0) return null;
  return (
    <details open>
      <summary>{t("failure.last_lines", { count: data.lines.length })}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <pre tabIndex={0}>{data.lines.map((line) => textOf(line).slice(0, 500)).join("\n")}</pre>
      <button type="button" onClick={() => goToLine(data.first)}>
        <span className={styles.go}>
          {t("failure.in_log")} <ArrowRight size={12} aria-hidden />
        </span>
      </button>
    </details>
  );
}
