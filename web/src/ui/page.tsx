import { type ReactNode, useEffect } from "react";
import styles from "./page.module.css";

interface PageProps {
  title: string;
  /** The way back to where this belongs. */
  above?: ReactNode;
  actions?: ReactNode;
  /** One line below the title: filters, or what this is. */
  below?: ReactNode;
  children: ReactNode;
}

/** The frame of every page: its title (also of the browser's tab), what can be done, and the content. */
export function Page({ title, above, actions, below, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · AnsFlow`;
  }, [title]);
  return (
    <>
      {above === undefined ? null : <p className={styles.above}>{above}</p>}
      <header className={styles.head}>
        <h1>{title}</h1>
        <div className={styles.actions}>{actions}</div>
      </header>
      {below === undefined ? null : <div className={styles.below}>{below}</div>}
      {children}
    </>
  );
}

export function Card({ title, more, children }: { title: string; more?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.card} aria-label={title}>
      <div className={styles.cardHead}>
        <h2>{title}</h2>
        {more}
      </div>
      {children}
    </section>
  );
}
