import { useEffect, useRef } from "react";
import type { Editing } from "./editing";
import styles from "./editor.module.css";

/** The text of the file. */
export function TextPane({ editing }: { editing: Editing }) {
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => (pane.current === null ? undefined : editing.attach(pane.current)), [editing]);
  return <div ref={pane} className={styles.text} />;
}
