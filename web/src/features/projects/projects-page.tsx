import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { SearchField } from "@/ui/search-field";
import { Segmented } from "@/ui/segmented";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { projects, SIZE } from "./api";
import { NewProject } from "./new-project";
import { ProjectsList } from "./projects-list";

const route = getRouteApi("/shell/projects");

export function ProjectsPage() {
  const { t } = useTranslation("projects");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [making, setMaking] = useState(false);
  const { data, error, refetch } = useQuery(projects(search));
  const make = (
    <Button type="primary" onClick={() => setMaking(true)}>
      {t("new")}
    </Button>
  );
  return (
    <Page
      title={t("title")}
      actions={make}
      below={
        <>
          <SearchField
            label={t("search")}
            value={search.search ?? ""}
            onSearch={(words) =>
              navigate({ search: { ...search, page: undefined, search: words || undefined }, replace: true })
            }
          />
          <Segmented
            value={search.archived === true ? "archived" : "current"}
            options={[
              { value: "current", label: t("current") },
              { value: "archived", label: t("archived") },
            ]}
            onChange={(which) => navigate({ search: which === "archived" ? { archived: true } : {} })}
          />
        </>
      }
    >
      {error !== null && <Failure what={t("failed")} error={error} again={() => void refetch()} />}
      {data === undefined ? error === null && <Skeleton /> : null}
      {data?.count === 0 &&
        (search.search === undefined && search.archived === undefined ? (
          <Empty says={t("none")} action={make} />
        ) : (
          <Empty says={t("none_found")} />
        ))}
      {data !== undefined && data.count > 0 && (
        <>
          <ProjectsList rows={data.results} />
          <Pager
            page={search.page ?? 1}
            size={SIZE}
            count={data.count}
            go={(page) => navigate({ search: { ...search, page } })}
          />
        </>
      )}
      {making && <NewProject close={() => setMaking(false)} />}
    </Page>
  );
}
