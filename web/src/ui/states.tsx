import { Link } from "@tanstack/react-router";
import { CircleX } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { translated } from "@/lib/sentences";
import { Button } from "./button";
import { Copy } from "./copy";
import styles from "./states.module.css";

/** Grey rows where a list will stand. They appear after a moment: what comes at once needs no skeleton. */
export function Skeleton({ rows = 8 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t("loading")} className={styles.skeleton}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all the same
        <div key={row} />
      ))}
    </div>
  );
}

/** Teaches: what this is, the one button that does it, a command to copy. */
export function Empty({ says, action, command }: { says: string; action?: ReactNode; command?: string }) {
  return (
    <div className={styles.empty}>
      <p>{says}</p>
      {action}
      {command === undefined ? null : (
        <span className={styles.command}>
          <code>{command}</code>
          <Copy text={command} />
        </span>
      )}
    </div>
  );
}

interface FailureProps {
  /** What was being done: "The projects could not be loaded." */
  what: string;
  error: { message: string; code?: string; details?: Readonly<Record<string, unknown>> };
  again?: () => void;
}

/** What the server did not say, as it had no part in it, or what can be said better here. */
const isOurs = (code: string | undefined) => code === "unreachable" || code === "fault" || code === "not_authenticated";

/** What happened, why, and what to do: to try again, or to go to the last page where this one is beyond it. */
export function Failure({ what, error, again }: FailureProps) {
  const { t } = useTranslation();
  const last = error.code === "no_such_page" ? Number(error.details?.last) : null;
  const why = isOurs(error.code) ? t(`error.${error.code}`) : translated(error.message);
  return (
    <div role="alert" className={styles.failure}>
      <CircleX size={16} aria-hidden />
      <div>
        <strong>{what}</strong>
        <p>{why}</p>
      </div>
      {last !== null ? (
        <Link to="." search={(here: object) => ({ ...here, page: last })}>
          {t("error.last_page", { page: last })}
        </Link>
      ) : again === undefined ? null : (
        <Button onClick={again}>{t("error.again")}</Button>
      )}
    </div>
  );
}
