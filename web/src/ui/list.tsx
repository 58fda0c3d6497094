import type { CSSProperties, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useKey } from "@/lib/use-key";
import styles from "./list.module.css";

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Not shown on a narrow screen. */
  readonly wide?: boolean;
  /** Gets the room that a narrow screen has. */
  readonly main?: boolean;
  readonly align?: "end";
  readonly width?: string;
}

interface ListProps<Row> {
  /** What the rows are, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  idOf: (row: Row) => number | string;
}

/** A dense table. `j` and `k` walk over the rows of all lists of the page, Enter opens the first link of the row. */
export function List<Row>({ label, columns, rows, idOf }: ListProps<Row>) {
  const { t } = useTranslation();
  useKey("j", t("keys.next"), () => walk(1));
  useKey("k", t("keys.previous"), () => walk(-1));
  return (
    <div className={styles.frame} data-frame>
      <table className={styles.list} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={classOf(column)}
                style={{ "--width": column.width } as CSSProperties}
              >
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={idOf(row)}>
              {columns.map((column) => (
                <td key={column.key} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf({ wide, main, align }: { wide?: boolean; main?: boolean; align?: "end" }): string {
  return [wide && styles.wide, main && styles.main, align && styles[align]].filter(Boolean).join(" ");
}

function walk(by: 1 | -1): void {
  const links = [...document.querySelectorAll("[data-frame] tbody tr")]
    .map((row) => row.querySelector<HTMLElement>("a, button"))
    .filter((link) => link !== null);
  const at = links.findIndex((link) => link.closest("tr")?.contains(document.activeElement));
  const next = at === -1 ? (by === 1 ? 0 : links.length - 1) : at + by;
  links[next]?.focus();
}
