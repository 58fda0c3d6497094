import { useTranslation } from "react-i18next";
import type { Look } from "@/lib/status";
import styles from "./status.module.css";

/** A status as it looks everywhere: icon, word and colour. `bare` keeps the word for screen readers and the tooltip. */
export function Status({ look, bare = false }: { look: Look; bare?: boolean }) {
  const { t } = useTranslation("status");
  const word = t(look.word);
  const Icon = look.icon;
  return (
    <span className={styles.status} data-tone={look.tone} title={bare ? word : undefined}>
      <Icon size={14} aria-hidden className={look.tone === "running" ? styles.turning : undefined} />
      <span className={bare ? "unseen" : undefined}>{word}</span>
    </span>
  );
}
