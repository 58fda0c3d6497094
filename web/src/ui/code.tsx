import { useTranslation } from "react-i18next";
import { linesOf } from "@/lib/diff";
import styles from "./code.module.css";
import { Copy } from "./copy";

/** A text with its lines numbered. `wrong`: lines that something is said about. */
export function Code({ text, label, wrong = [] }: { text: string; label: string; wrong?: readonly number[] }) {
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <div className={styles.framed}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles.code} aria-label={label} tabIndex={0}>
        {lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number
          <div key={at} className={styles.line} data-wrong={wrong.includes(at + 1) || undefined}>
            <span className={styles.number} aria-hidden>
              {at + 1}
            </span>
            <span>{line}</span>
          </div>
        ))}
      </section>
      <Copy text={text} />
    </div>
  );
}

const SIGN = { added: "+", removed: "−", same: " ", gap: " " };

/** A unified diff, with the numbers of both texts. */
export function Difference({ diff, label }: { diff: string; label: string }) {
  const { t } = useTranslation();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={styles.code} aria-label={label} tabIndex={0}>
      {linesOf(diff).map(({ kind, text, before, after }) => (
        <div key={`${kind} ${before} ${after} ${text}`} className={styles.line} data-kind={kind}>
          <span className={styles.number} aria-hidden>
            {after ?? before}
          </span>
          <span className={styles.sign} aria-hidden>
            {SIGN[kind]}
          </span>
          {kind === "added" || kind === "removed" ? <span className="unseen">{t(`diff.${kind}`)} </span> : null}
          <span>{text}</span>
        </div>
      ))}
    </section>
  );
}
