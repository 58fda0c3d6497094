import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useTranslated } from "@/lib/sentences";
import { Area } from "@/ui/area";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Refused } from "@/ui/refused";
import { verdict } from "./api";
import styles from "./new-pipeline.module.css";
import type { WayProps } from "./new-pipeline-page";
import { STARTER } from "./starter";

const PAUSE = 400; // milliseconds without a key after which the text is judged

/** The text of a pipeline file, judged by the server while one types. */
export function FromText({ make, making, error }: WayProps) {
  const { t } = useTranslation("new-pipeline");
  const translated = useTranslated();
  const [source, setSource] = useState(STARTER);
  const judged = useQuery(verdict(useRested(source)));
  const send = (event: FormEvent) => {
    event.preventDefault();
    make({ source });
  };
  return (
    <form onSubmit={send}>
      <Refused what={t("not_made")} error={error} placed={(judged.data?.problems.length ?? 0) > 0} />
      <Field label={t("text")} about={t("text_about")}>
        {(ids) => (
          <Area
            {...ids}
            code
            rows={18}
            required
            wrap="off"
            value={source}
            onChange={(event) => setSource(event.target.value)}
          />
        )}
      </Field>
      <ul className={styles.verdict} aria-live="polite">
        {judged.data?.valid && <li className={styles.good}>{t("valid", { count: judged.data.steps })}</li>}
        {judged.data?.problems.map(({ line, column, message, hint }) => (
          <li key={`${line} ${column} ${message}`} className={styles.bad}>
            <strong>{t("place", { line, column })}</strong> {translated(message)} {translated(hint)}
          </li>
        ))}
        {judged.data?.notes.map(({ line, column, message, hint }) => (
          <li key={`${line} ${column} ${message}`} className="muted">
            <strong>{t("place", { line, column })}</strong> {translated(message)} {translated(hint)}
          </li>
        ))}
      </ul>
      <Button type="primary" htmlType="submit" loading={making}>
        {t("make")}
      </Button>
    </form>
  );
}

/** The text, once nobody has changed it for a moment. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}
