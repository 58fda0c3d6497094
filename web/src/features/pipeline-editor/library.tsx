import { useTranslation } from "react-i18next";
import styles from "./editor.module.css";
import { KindIcon } from "./kinds";
import type { Entry, Offered } from "./use-library";

/** What is dragged: the key of an entry. */
export const DRAGGED = "application/x-ansflow-step";

interface LibraryProps {
  offered: Offered;
  /** Whom a step waits for that is added without dragging. */
  chosen: string | undefined;
  disabled: boolean;
  add: (entry: Entry) => void;
}

/** The step types of this installation, and the saved steps of the project: to be dragged onto the canvas, or added by a click or Enter. */
export function Library({ offered, chosen, disabled, add }: LibraryProps) {
  const { t } = useTranslation("pipeline-editor");
  const how = chosen === undefined ? t("library.add") : t("library.add_behind", { step: chosen });
  const { types, saved, more } = offered;
  const button = (entry: Entry) => (
    <button
      key={entry.key}
      type="button"
      draggable={!disabled}
      disabled={disabled}
      title={[entry.says, how].filter((line) => line !== "").join("\n")}
      onClick={() => add(entry)}
      onDragStart={(event) => {
        event.dataTransfer.setData(DRAGGED, entry.key);
        event.dataTransfer.effectAllowed = "copy";
      }}
    >
      <KindIcon kind={entry.type} />
      {entry.name}
    </button>
  );
  return (
    <div className={styles.kinds} role="toolbar" aria-label={t("library.label")}>
      {types.map(button)}
      {saved.length === 0 ? null : (
        <fieldset className={styles.saved}>
          <legend>{t("library.saved")}</legend>
          {saved.map(button)}
          {more === 0 ? null : <span className="muted">{t("library.more", { count: more })}</span>}
        </fieldset>
      )}
    </div>
  );
}
