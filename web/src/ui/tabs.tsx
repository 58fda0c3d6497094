import { Link, type LinkProps } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import styles from "./tabs.module.css";

export interface Tab<T extends string> {
  readonly key: T;
  readonly text: string;
  readonly link: LinkProps;
  /** How many there are; left out where nobody has counted. */
  readonly count?: number | undefined;
}

/** The address of the first part begins those of the others: only `current` says which one is shown. */
const EXACT = { exact: true, includeSearch: true, explicitUndefined: true };

/** The parts of a page. They are links: each part has an address of its own. */
export function Tabs<T extends string>({
  label,
  tabs,
  current,
}: {
  label: string;
  tabs: readonly Tab<T>[];
  current: T;
}) {
  const row = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another one is current
  useEffect(() => {
    // Where the row is longer than a narrow screen. Not `scrollIntoView`: that moves the page, too.
    const tab = row.current?.querySelector<HTMLElement>("[aria-current]");
    if (row.current && tab) row.current.scrollLeft = tab.offsetLeft - (row.current.clientWidth - tab.offsetWidth) / 2;
  }, [current]);
  return (
    <nav ref={row} aria-label={label} className={styles.tabs}>
      {tabs.map(({ key, text, link, count }) => (
        <Link
          key={key}
          {...link}
          activeProps={{}}
          activeOptions={EXACT}
          inactiveProps={{}}
          aria-current={key === current ? "page" : undefined}
        >
          {text}
          {count === undefined ? null : <span className="muted"> {count}</span>}
        </Link>
      ))}
    </nav>
  );
}
