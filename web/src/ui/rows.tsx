import type { ReactNode } from "react";
import styles from "./rows.module.css";

/** Above a list: what this is, and what can be searched and done. */
export function Bar({ says, children }: { says: string; children?: ReactNode }) {
  return (
    <div className={styles.bar}>
      <p className="muted">{says}</p>
      {children}
    </div>
  );
}

/** The deeds at the end of a row. */
export function Deeds({ children }: { children: ReactNode }) {
  return <span className={styles.deeds}>{children}</span>;
}

/** In a card: a sentence, and beside it the deed that it is about. */
export function Split({ says, children }: { says: string; children: ReactNode }) {
  return (
    <div className={styles.split}>
      <p className="muted">{says}</p>
      {children}
    </div>
  );
}

/** Beside a button, once it has done its work. */
export function Saved({ children }: { children: ReactNode }) {
  return <output className={styles.saved}>{children}</output>;
}
