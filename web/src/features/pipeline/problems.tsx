import { CircleX, Info } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ProblemBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import styles from "./problems.module.css";

/** What is wrong with a text, and what is to be noted: where, what, and how to mend it. */
export function Problems({ problems, notes }: { problems: readonly ProblemBody[]; notes: readonly ProblemBody[] }) {
  const { t } = useTranslation("pipeline");
  if (problems.length + notes.length === 0) return null;
  const all = [
    ...problems.map((one) => ({ ...one, kind: "problem" as const, Icon: CircleX })),
    ...notes.map((one) => ({ ...one, kind: "note" as const, Icon: Info })),
  ];
  return (
    <ul className={styles.problems} aria-label={t("problems.label")}>
      {all.map(({ kind, Icon, file, line, column, message, hint }) => (
        <li key={`${kind} ${file} ${line} ${column} ${message}`} data-kind={kind}>
          <Icon size={14} aria-hidden />
          <span>
            <span className="unseen">{t(`problems.${kind}`)}: </span>
            {line > 0 && <strong>{t("problems.place", { file: file === "" ? "" : `${file} `, line, column })} </strong>}
            {translated(message)} {hint !== "" && <span className="muted">{translated(hint)}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
