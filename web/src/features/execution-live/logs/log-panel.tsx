import { ChevronsDownUp, ChevronsUpDown, Download, ListFilter, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody } from "@/api/generated";
import { STEP_LOOK } from "@/lib/status";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { Failure, Skeleton } from "@/ui/states";
import { Toggle } from "@/ui/toggle";
import { rawLog } from "../api";
import { Folds } from "../model/folds";
import type { Live } from "../model/live";
import { firstWrong } from "../model/problems";
import { hashOf, rangeOf } from "../search";
import styles from "./log.module.css";
import { LogWindow } from "./log-window";
import { useOutline } from "./outline/use-outline";
import { ReadingButtons, useReading } from "./reading";
import { useLog } from "./use-log";
import { useTimes } from "./use-times";

interface LogPanelProps {
  live: Live | null;
  execution: number;
  step: StepExecutionBody;
  attempt: number;
  hash: string;
  found: ReadonlyMap<number, readonly string[]>;
  /** Whether `n` leads through what was found; if not, through what went wrong. */
  hasFound: boolean;
  pick: (line: string) => void;
  /** Whether only what the log has marked as errors and warnings is shown, and how to change that. */
  onlyWrong: boolean;
  setOnlyWrong: (only: boolean) => void;
  /** What stands before the buttons, and below them. */
  lead?: ReactNode;
  below?: ReactNode;
  /** Of two logs side by side, one has the keys. */
  hasKeys?: boolean;
}

/** The log of one attempt, from its first line to the one that was printed last. */
export function LogPanel(props: LogPanelProps) {
  const { live, execution, step, attempt, hash, found, hasFound, pick, lead, below, hasKeys = true } = props;
  const { onlyWrong, setOnlyWrong } = props;
  const { t } = useTranslation("execution-live");
  const { book, version, loading, error, look } = useLog(live, execution, step.key, attempt, attempt === step.attempt);
  const marked = useMemo(() => rangeOf(hash), [hash]);
  const outlined = useOutline(execution, step, attempt, { seen: marked, onlyWrong });
  const { marks, folds, closed } = outlined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the book is the same one when it grows
  const shown = useMemo(() => new Folds(folds, book.count), [folds, book, version]);
  const grows = attempt === step.attempt && !STEP_LOOK[step.status].final;
  const failed = !grows && (attempt < step.attempt || step.status === "failed");
  const [opensAtError] = useState(failed && marked === null);
  const reading = useReading(marked === null && !opensAtError, { hasKeys });
  const { setFollows } = reading;
  const times = useTimes(execution, reading.hasTimes);
  useEffect(() => {
    if (marked !== null) setFollows(false); // whoever goes to a line reads there
  }, [marked, setFollows]);
  const ready = !loading && outlined.known;
  const suspect = useMemo(
    () => (ready && failed && marks.problems.length === 0 ? firstWrong((number) => book.line(number), book.count) : 0),
    [ready, failed, marks, book],
  );
  const problems = suspect > 0 ? [suspect] : marks.problems;
  const landing = opensAtError && ready ? (problems[0] ?? book.count) : 0;
  const at = `${hash} ${onlyWrong}`; // among errors alone it stands elsewhere than among all lines
  const goal = marked !== null ? { line: marked.first, at } : landing > 0 ? { line: landing, at: "error" } : null;

  const mark = (number: number, more: boolean) => {
    setFollows(false);
    const from = more && marked !== null ? marked.first : number;
    pick(hashOf({ first: Math.min(from, number), last: Math.max(from, number) }));
  };
  const walk = (by: 1 | -1) => {
    const here = marked?.first ?? (by === 1 ? 0 : book.count + 1);
    const next = by === 1 ? problems.find((line) => line > here) : problems.findLast((line) => line < here);
    const line = next ?? (by === 1 ? problems[0] : problems.at(-1));
    if (line !== undefined) mark(line, false);
  };
  const walks = hasKeys && !hasFound && problems.length > 0;
  useKey("e", t("keys.fold"), outlined.toggleAll, { enabled: hasKeys && marks.groups.size > 0 && !onlyWrong });
  useKey("n", t("keys.next_problem"), () => walk(1), { enabled: walks });
  useKey("shift+n", t("keys.previous_problem"), () => walk(-1), { enabled: walks });
  const filters = onlyWrong || marks.wrong.length > 0;
  const toggleWrong = () => setOnlyWrong(!onlyWrong);
  useKey("p", t("only_wrong"), toggleWrong, { enabled: hasKeys && filters });
  const level = marks.notes.get(problems[0] ?? 0)?.level === "warning" ? "warnings" : "errors";
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        {lead}
        <span className={styles.space} />
        <span className={styles.count}>
          {loading ? "" : `${onlyWrong ? `${shown.rows} / ` : ""}${t("lines", { count: book.count })}`}
        </span>
        {marks.problems.length === 0 ? null : (
          <Button size="small" icon={<TriangleAlert size={13} />} onClick={() => walk(1)}>
            {t(level, { count: marks.problems.length })}
          </Button>
        )}
        {filters ? <Toggle icon={ListFilter} says={t("only_wrong")} on={onlyWrong} act={toggleWrong} /> : null}
        {marks.groups.size === 0 || onlyWrong ? null : (
          <Button
            size="small"
            aria-label={t(closed.size > 0 ? "unfold" : "fold")}
            title={t(closed.size > 0 ? "unfold" : "fold")}
            icon={closed.size > 0 ? <ChevronsUpDown size={13} /> : <ChevronsDownUp size={13} />}
            onClick={outlined.toggleAll}
          />
        )}
        <ReadingButtons reading={reading} grows={grows} />
        <Button
          size="small"
          aria-label={t("raw")}
          title={t("raw")}
          icon={<Download size={13} />}
          href={rawLog(execution, step.key, attempt)}
          download
        />
      </div>
      {below}
      {error === null ? null : <Failure what={t("log_failed")} error={error} />}
      {times?.error ? <Failure what={t("times_failed")} error={times.error} /> : null}
      {onlyWrong && outlined.omitted > 0 ? <p className={styles.omitted}>{t("only_first")}</p> : null}
      {loading || (onlyWrong && !outlined.known) ? (
        <Skeleton rows={12} />
      ) : (
        <LogWindow
          step={step.key}
          attempt={attempt}
          book={book}
          version={version}
          shown={shown}
          marks={marks}
          closed={closed}
          marked={marked}
          goal={goal}
          suspect={suspect}
          found={found}
          reading={reading}
          times={times}
          grows={grows}
          pick={mark}
          toggle={outlined.toggle}
          look={look}
          label={t("log_of", { step: step.name || step.key })}
          empty={t(book.count > 0 ? "nothing_wrong" : grows ? "log_not_yet" : "log_empty")}
        />
      )}
    </div>
  );
}
