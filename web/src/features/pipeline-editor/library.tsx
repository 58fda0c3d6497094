import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { TypeBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { stepTypes } from "./api";
import styles from "./editor.module.css";
import { KindIcon } from "./kinds";

/** What is dragged: the name of a step type. */
export const DRAGGED = "application/x-ansflow-step";

interface LibraryProps {
  /** Whom a step waits for that is added without dragging. */
  chosen: string | undefined;
  disabled: boolean;
  add: (kind: TypeBody) => void;
}

/** The step types of this installation: to be dragged onto the canvas, or added by a click or Enter. */
export function Library({ chosen, disabled, add }: LibraryProps) {
  const { t } = useTranslation("pipeline-editor");
  const kinds = useQuery(stepTypes).data ?? [];
  const how = chosen === undefined ? t("library.add") : t("library.add_behind", { step: chosen });
  return (
    <div className={styles.kinds} role="toolbar" aria-label={t("library.label")}>
      {kinds.map((kind) => (
        <button
          key={kind.name}
          type="button"
          draggable={!disabled}
          disabled={disabled}
          title={`${translated(kind.summary)}\n${how}`}
          onClick={() => add(kind)}
          onDragStart={(event) => {
            event.dataTransfer.setData(DRAGGED, kind.name);
            event.dataTransfer.effectAllowed = "copy";
          }}
        >
          <KindIcon kind={kind.name} />
          {kind.name}
        </button>
      ))}
    </div>
  );
}
