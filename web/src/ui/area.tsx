import type { ComponentProps } from "react";
import styles from "./form.module.css";

/** Text of several lines; `code` for what a machine reads. */
export function Area({ code = false, className, ...rest }: ComponentProps<"textarea"> & { code?: boolean }) {
  const classes = [styles.area, code && styles.code, className].filter(Boolean).join(" ");
  return <textarea {...rest} className={classes} spellCheck={!code} autoCapitalize={code ? "off" : undefined} />;
}
