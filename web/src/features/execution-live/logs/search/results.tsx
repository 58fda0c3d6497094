import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { HitBody, StepExecutionBody } from "@/api/generated";
import { Button } from "@/ui/button";
import { Failure, Skeleton } from "@/ui/states";
import { foundTexts, withFound } from "../../model/matches";
import styles from "./search.module.css";
import type { Found } from "./use-found";

interface ResultsProps {
  found: Found;
  steps: readonly StepExecutionBody[];
  go: (at: number) => void;
}

/** What was found, line by line, under the names of the steps. */
export function Results({ found, steps, go }: ResultsProps) {
  const { t } = useTranslation("execution-live");
  const { hits, at, more, busy, error } = found;
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (at >= 0) list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  if (error !== null) return <Failure what={t("search.failed")} error={error} />;
  if (hits.length === 0 && (busy || more)) return <Skeleton rows={2} />;
  if (hits.length === 0) return <p className={styles.none}>{t("search.none")}</p>;
  const names = new Map(steps.map(({ key, name }) => [key, name || key]));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <ol ref={list} className={styles.results} aria-label={t("search.results")} tabIndex={0}>
      {hits.map((hit, index) => (
        <li key={`${hit.step} ${hit.line} ${hit.matches[0]?.[0] ?? 0}`}>
          {hit.step === hits[index - 1]?.step ? null : (
            <div className={styles.step}>{names.get(hit.step) ?? hit.step}</div>
          )}
          <button type="button" aria-current={index === at ? "true" : undefined} onClick={() => go(index)}>
            <span className={styles.line}>{hit.line}</span>
            <code>{parts(hit)}</code>
          </button>
        </li>
      ))}
      {more ? (
        <li className={styles.more}>
          <Button size="small" loading={busy} onClick={found.fetchMore}>
            {t("search.more")}
          </Button>
        </li>
      ) : null}
    </ol>
  );
}

const BEFORE = 60; // characters shown before the first match of a long line

function parts({ text, matches }: HitBody) {
  const texts = foundTexts(text, matches);
  const begins = Math.max(0, [...text].slice(0, matches[0]?.[0] ?? 0).join("").length - BEFORE);
  const shown = (begins > 0 ? "…" : "") + text.slice(begins, begins + 400);
  return withFound([{ text: shown, classes: "" }], texts).map(({ text: part, found }, at) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never change their order
    found === true ? <mark key={at}>{part}</mark> : part,
  );
}
