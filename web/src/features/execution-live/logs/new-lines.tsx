import { useState } from "react";
import { useTranslation } from "react-i18next";
import styles from "./log.module.css";

interface NewLinesProps {
  follows: boolean;
  count: number;
  grows: boolean;
  go: () => void;
}

/** How many have come since the end was in sight, and the way back to it. */
export function NewLines({ follows, count, grows, go }: NewLinesProps) {
  const { t } = useTranslation("execution-live");
  const [left, setLeft] = useState(count);
  if (follows && left !== count) setLeft(count);
  const more = follows ? 0 : count - left;
  if (more <= 0 || !grows) return null;
  return (
    <button type="button" className={styles.pill} onClick={go}>
      ↓ {t("new_lines", { count: more })}
    </button>
  );
}
