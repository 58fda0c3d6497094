import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactNode } from "react";
import styles from "./link-button.module.css";

/** A link that is the deed of a page: it leads to where something is made. */
export function LinkButton({
  link,
  primary = false,
  children,
}: {
  link: LinkProps;
  primary?: boolean;
  children: ReactNode;
}) {
  return (
    <Link {...link} className={styles.button} data-primary={primary || undefined}>
      {children}
    </Link>
  );
}
