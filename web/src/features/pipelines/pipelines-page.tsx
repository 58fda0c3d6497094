import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { EXECUTION_LOOK, EXECUTION_STATUSES } from "@/lib/status";
import { useMonitor } from "@/lib/use-monitor";
import { Choice } from "@/ui/choice";
import { LinkButton } from "@/ui/link-button";
import { Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { SearchField } from "@/ui/search-field";
import { Segmented } from "@/ui/segmented";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { pipelines, projectChoices, SIZE } from "./api";
import { PipelinesList } from "./pipelines-list";
import type { PipelinesSearch } from "./search";

const route = getRouteApi("/shell/pipelines");

export function PipelinesPage() {
  const { t } = useTranslation("pipelines");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  useMonitor();
  const { data, error, refetch } = useQuery(pipelines(search));
  const isFiltered =
    search.search !== undefined || search.project !== undefined || search.status !== undefined || search.archived;
  const within = search.project === undefined ? {} : { project: search.project };
  const make = (
    <>
      <LinkButton link={{ to: "/pipelines/begin", search: { ...within, way: "steps" } }}>{t("other_ways")}</LinkButton>
      <LinkButton primary link={{ to: "/pipelines/new", search: within }}>
        <Plus size={14} aria-hidden /> {t("new")}
      </LinkButton>
    </>
  );
  return (
    <Page title={t("title")} actions={make} below={<Filters />}>
      {error !== null && <Failure what={t("failed")} error={error} again={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton />}
      {data?.count === 0 &&
        (isFiltered ? (
          <Empty says={t("none_found")} />
        ) : (
          <Empty says={t("none")} action={<p>{make}</p>} command={t("none_command")} />
        ))}
      {data !== undefined && data.count > 0 && (
        <>
          <PipelinesList rows={data.results} />
          <Pager
            page={search.page ?? 1}
            size={SIZE}
            count={data.count}
            go={(page) => navigate({ search: { ...search, page } })}
          />
        </>
      )}
    </Page>
  );
}

function Filters() {
  const { t } = useTranslation(["pipelines", "status"]);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projects = useQuery(projectChoices).data ?? [];
  const filter = (change: { [K in keyof PipelinesSearch]: PipelinesSearch[K] | undefined }) =>
    void navigate({ search: { ...search, page: undefined, ...change }, replace: true });
  return (
    <>
      <SearchField
        label={t("search")}
        value={search.search ?? ""}
        onSearch={(words) => filter({ search: words || undefined })}
      />
      <Choice
        label={t("project")}
        value={String(search.project ?? "")}
        options={[
          { value: "", label: t("all_projects") },
          ...projects.map(({ id, name }) => ({ value: String(id), label: name })),
        ]}
        onChange={(id) => filter({ project: id === "" ? undefined : Number(id) })}
      />
      <Choice
        label={t("last")}
        value={search.status ?? ""}
        options={[
          { value: "", label: t("last") },
          { value: "never", label: t("never") },
          ...EXECUTION_STATUSES.map((status) => ({ value: status, label: t(`status:${EXECUTION_LOOK[status].word}`) })),
        ]}
        onChange={(status) => filter({ status: status === "" ? undefined : status })}
      />
      <Segmented
        value={search.archived === true ? "archived" : "current"}
        options={[
          { value: "current", label: t("current") },
          { value: "archived", label: t("archived") },
        ]}
        onChange={(which) => filter({ archived: which === "archived" ? true : undefined })}
      />
    </>
  );
}
