import { type ReactNode, useId } from "react";
import { useTranslated } from "@/lib/sentences";
import styles from "./field.module.css";

interface FieldProps {
  label: string;
  /** What is wrong with it, "" when nothing is. */
  wrong?: string;
  about?: string;
  children: (ids: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ReactNode;
}

/** A label, its control, and what is wrong or good to know, tied together for screen readers. */
export function Field({ label, wrong = "", about, children }: FieldProps) {
  const id = useId();
  const translated = useTranslated();
  const said = translated(wrong) || about;
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": said ? `${id}-said` : undefined, "aria-invalid": wrong !== "" })}
      {said ? (
        <p id={`${id}-said`} className={wrong ? styles.wrong : "muted"} role={wrong ? "alert" : undefined}>
          {said}
        </p>
      ) : null}
    </div>
  );
}
