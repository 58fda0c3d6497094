import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { said } from "@/lib/search";
import { Pager } from "@/ui/pager";
import { Bar } from "@/ui/rows";
import { SearchField } from "@/ui/search-field";
import { SIZE } from "./api";

const route = getRouteApi("/shell/projects/$id");

/** Above the list of a part: what this is, a search where there is much, and the deed. */
export function Toolbar({ says, search, deed }: { says: string; search?: string; deed?: ReactNode }) {
  const now = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Bar says={says}>
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
    </Bar>
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
