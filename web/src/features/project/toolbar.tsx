import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { said } from "@/lib/search";
import { Pager } from "@/ui/pager";
import { SearchField } from "@/ui/search-field";
import { SIZE } from "./api";
import styles from "./toolbar.module.css";

const route = getRouteApi("/shell/projects/$id");

/** Above the list of a part: what this is, a search where there is much, and the deed. */
export function Toolbar({ says, search, deed }: { says: string; search?: string; deed?: ReactNode }) {
  const now = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <div className={styles.bar}>
      <p className="muted">{says}</p>
      {search === undefined ? null : (
        <SearchField
          label={search}
          value={now.search ?? ""}
          onSearch={(words) =>
            void navigate({ search: said({ ...now, page: undefined, search: words || undefined }), replace: true })
          }
        />
      )}
      {deed}
    </div>
  );
}

export function Pages({ count }: { count: number }) {
  const now = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Pager
      page={now.page ?? 1}
      size={SIZE}
      count={count}
      go={(page) => void navigate({ search: said({ ...now, page }) })}
    />
  );
}

/** The deeds at the end of a row. */
export function Deeds({ children }: { children: ReactNode }) {
  return <span className={styles.deeds}>{children}</span>;
}
