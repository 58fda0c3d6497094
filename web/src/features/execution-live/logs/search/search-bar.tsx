import { CaseSensitive, ChevronDown, ChevronUp, Regex } from "lucide-react";
import { useTranslation } from "react-i18next";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { SearchField } from "@/ui/search-field";
import { Toggle } from "@/ui/toggle";
import type { ExecutionSearch } from "../../search";
import styles from "./search.module.css";
import type { Found } from "./use-found";

interface SearchBarProps {
  search: ExecutionSearch;
  found: Found;
  change: (to: ExecutionSearch) => void;
  go: (at: number) => void;
}

/** Words, or a pattern, and where one stands in what was found: 3/27. */
export function SearchBar({ search, found, change, go }: SearchBarProps) {
  const { t } = useTranslation("execution-live");
  const { find = "", regex = false, capitals = false } = search;
  const { hits, at, more } = found;
  const next = () => go(at + 1 < hits.length ? at + 1 : 0);
  const previous = () => go(at > 0 ? at - 1 : hits.length - 1);
  const some = find !== "" && hits.length > 0;
  useKey("n", t("keys.next_found"), next, { enabled: some });
  useKey("shift+n", t("keys.previous_found"), previous, { enabled: some });
  useKey("escape", t("keys.end_search"), () => change({ ...search, find: "" }), { enabled: find !== "" });
  return (
    <search className={styles.bar}>
      <SearchField
        label={t("search.label")}
        value={find}
        onSearch={(words) => change({ ...search, find: words })}
        width={200}
        small
      />
      <Toggle icon={Regex} says={t("search.regex")} on={regex} act={() => change({ ...search, regex: !regex })} />
      <Toggle
        icon={CaseSensitive}
        says={t("search.capitals")}
        on={capitals}
        act={() => change({ ...search, capitals: !capitals })}
      />
      {find === "" ? null : (
        <>
          <output className={styles.count}>{count(at, hits.length, more)}</output>
          <Button
            size="small"
            type="text"
            disabled={!some}
            aria-label={t("keys.previous_found")}
            icon={<ChevronUp size={14} />}
            onClick={previous}
          />
          <Button
            size="small"
            type="text"
            disabled={!some}
            aria-label={t("keys.next_found")}
            icon={<ChevronDown size={14} />}
            onClick={next}
          />
        </>
      )}
    </search>
  );
}

function count(at: number, all: number, more: boolean): string {
  const whole = `${all}${more ? "+" : ""}`;
  return at < 0 ? whole : `${at + 1}/${whole}`;
}
