import { ChevronLeft, ChevronRight } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import styles from "./pager.module.css";

interface PagerProps {
  page: number;
  size: number;
  count: number;
  go: (page: number) => void;
}

/** `1–50 of 230`, with the pages before and after. Nothing to turn, nothing but the count. */
export function Pager({ page, size, count, go }: PagerProps) {
  const { t } = useTranslation();
  const first = count === 0 ? 0 : (page - 1) * size + 1;
  const last = Math.min(page * size, count);
  return (
    <nav className={styles.pager} aria-label={t("pager.label")}>
      <span className="muted">{t("pager.range", { first, last, count })}</span>
      {count <= size ? null : (
        <>
          <Button
            size="small"
            aria-label={t("pager.previous")}
            icon={<ChevronLeft size={14} />}
            disabled={page <= 1}
            onClick={() => go(page - 1)}
          />
          <Button
            size="small"
            aria-label={t("pager.next")}
            icon={<ChevronRight size={14} />}
            disabled={last >= count}
            onClick={() => go(page + 1)}
          />
        </>
      )}
    </nav>
  );
}
