import { useTranslation } from "react-i18next";
import { filled } from "./model";
import styles from "./workers.module.css";

/** `3/8`, and a bar of it. */
export function Slots({ running, slots }: { running: number; slots: number }) {
  const { t } = useTranslation("workers");
  const says = t("slots_of", { used: running, slots });
  return (
    <span className={styles.slots} role="img" aria-label={says} title={says}>
      <span className={styles.bar}>
        <span style={{ width: `${filled(running, slots)}%` }} />
      </span>
      {running}/{slots}
    </span>
  );
}
