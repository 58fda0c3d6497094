import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/session";
import { said } from "@/lib/search";
import { Asked } from "@/ui/asked";
import { Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Empty } from "@/ui/states";
import { entries, SIZE } from "./api";
import styles from "./audit.module.css";
import { Entry } from "./entry";
import { Filters } from "./filters";
import { Verify } from "./verify";

const route = getRouteApi("/shell/audit");

/** What was done, by whom, from where: a chain in which nothing can be changed unseen. */
export function AuditPage() {
  const { t } = useTranslation("audit");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { is_admin } = useMe();
  const asked = useQuery(entries(search));
  const isFiltered = Object.keys(said({ ...search, page: undefined })).length > 0;
  return (
    <Page title={t("title")} actions={is_admin && <Verify />} below={<Filters />}>
      <Asked asked={asked} failed={t("failed")}>
        {({ count, results }) =>
          count === 0 ? (
            isFiltered ? (
              <Empty says={t("none_found")} action={<Link to="/audit">{t("clear")}</Link>} />
            ) : (
              <Empty says={t("none")} />
            )
          ) : (
            <>
              <ol className={styles.entries} aria-label={t("title")}>
                {results.map((entry) => (
                  <Entry key={entry.number} entry={entry} />
                ))}
              </ol>
              <Pager
                page={search.page ?? 1}
                size={SIZE}
                count={count}
                go={(page) => void navigate({ search: said({ ...search, page }) })}
              />
            </>
          )
        }
      </Asked>
    </Page>
  );
}
