import { CircleX, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { translated } from "@/lib/sentences";
import { Button } from "@/ui/button";
import { Ago } from "@/ui/time";
import type { Draft } from "./drafts";
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

interface DraftBackProps {
  kept: Draft | null;
  /** It has been saved, or undone. */
  isOver: boolean;
  drop: () => void;
}

/** What was not saved when the page was left is there again, and goes where it is not wanted. */
export function DraftBack({ kept, isOver, drop }: DraftBackProps) {
  const { t } = useTranslation("pipeline-editor");
  const [isDropped, setDropped] = useState(false);
  if (kept === null || isOver || isDropped) return null;
  return (
    <div className={styles.kept} role="alert">
      <span>
        {t("draft.back")} <Ago at={kept.at} />
      </span>
      <Button
        size="small"
        onClick={() => {
          setDropped(true);
          drop();
        }}
      >
        {t("draft.drop")}
      </Button>
    </div>
  );
}
