import { CircleX, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { translated } from "@/lib/sentences";
import styles from "./editor.module.css";
import type { Refusal } from "./model/document/refusal";

interface RefusedProps {
  refused: Refusal;
  dismiss: () => void;
}

/** Why an edit was not made, and what to do instead. */
export function Refused({ refused, dismiss }: RefusedProps) {
  const { t, i18n } = useTranslation("pipeline-editor");
  const isOurs = i18n.language.startsWith("zh") && i18n.exists(`pipeline-editor:refused.${refused.code}`);
  return (
    <p className={styles.notice} role="alert" data-look="bad">
      <CircleX size={14} aria-hidden />
      <span>
        {isOurs
          ? t(`refused.${refused.code}` as "refused.shared")
          : `${translated(refused.message)} ${translated(refused.hint)}`}
      </span>
      <button type="button" aria-label={t("dismiss")} onClick={dismiss}>
        <X size={14} aria-hidden />
      </button>
    </p>
  );
}
