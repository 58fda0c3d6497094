import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import type { Live } from "../model/live";
import { type ExecutionSearch, rangeOf, tidy } from "../search";
import styles from "./log.module.css";
import { LogPanel } from "./log-panel";
import { Results } from "./search/results";
import { SearchBar } from "./search/search-bar";
import { useFound } from "./search/use-found";

interface LogTabProps {
  live: Live | null;
  execution: WholeExecutionBody;
  step: StepExecutionBody;
  attempt: number;
  search: ExecutionSearch;
  hash: string;
  show: (key: string, to: ExecutionSearch, line?: string) => void;
}

/** The log of a step, or of two of its attempts side by side; and the search over the logs of all steps. */
export function LogTab({ live, execution, step, attempt, search, hash, show }: LogTabProps) {
  const { t } = useTranslation("execution-live");
  const marked = useMemo(() => rangeOf(hash), [hash]);
  const found = useFound(execution.id, search, step.key, marked);
  const { attempt: _, beside, ...words } = search;
  const go = (at: number) => {
    const hit = found.hits[at];
    if (hit !== undefined) show(hit.step, words, `L${hit.line}`);
  };
  const { hits, more, busy, fetchMore } = found;
  const isLast = hits.length === 0 || found.at >= hits.length - 1;
  useEffect(() => {
    if (isLast && more && !busy && (hits.length === 0 || found.at >= 0)) fetchMore();
  });
  const parts = {
    live,
    execution: execution.id,
    step,
    hasFound: hits.length > 0,
    onlyWrong: search.wrong === true,
    setOnlyWrong: (only: boolean) => {
      const { wrong: __, ...rest } = search;
      show(step.key, tidy(only ? { ...rest, wrong: true } : rest), hash);
    },
  };
  const hasBeside = beside !== undefined && beside !== attempt && beside <= step.attempt;
  const bar = <SearchBar search={search} found={found} change={(to) => show(step.key, tidy(to), hash)} go={go} />;
  const results =
    search.find === undefined ? null : <Results found={found} steps={execution.step_executions} go={go} />;
  if (!hasBeside)
    return (
      <LogPanel
        {...parts}
        key={`${step.key} ${attempt}`}
        attempt={attempt}
        hash={hash}
        found={found.inLog(step.key, attempt)}
        pick={(line) => show(step.key, search, line)}
        lead={bar}
        below={results}
      />
    );
  return (
    <div className={styles.both}>
      {[attempt, beside].sort(byNumber).map((number) => (
        <section key={number} aria-label={t("attempt_n", { number })}>
          <LogPanel
            {...parts}
            key={`${step.key} ${number}`}
            attempt={number}
            hash={number === attempt ? hash : ""}
            found={found.inLog(step.key, number)}
            pick={(line) =>
              show(step.key, { ...search, attempt: number, beside: number === attempt ? beside : attempt }, line)
            }
            lead={<strong>{t("attempt_n", { number })}</strong>}
            hasKeys={number === attempt}
          />
        </section>
      ))}
    </div>
  );
}

function byNumber(one: number, other: number): number {
  return one - other;
}
