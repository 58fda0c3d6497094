import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useMonitor } from "@/lib/use-monitor";
import { Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { executions, SIZE } from "./api";
import { ExecutionsList } from "./executions-list";
import { Filters } from "./filters";

const route = getRouteApi("/shell/executions");

export function ExecutionsPage() {
  const { t } = useTranslation("executions");
  const { page = 1, ...filter } = route.useSearch();
  const navigate = route.useNavigate();
  useMonitor();
  const { data, error, refetch } = useQuery(executions({ ...filter, page }));
  const isFiltered = Object.keys(filter).length > 0;
  const clear = <Link to="/executions">{t("clear")}</Link>;
  return (
    <Page
      title={t("title")}
      below={<Filters filter={filter} set={(to) => void navigate({ search: to, replace: true })} />}
    >
      {error !== null && <Failure what={t("failed")} error={error} again={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton rows={16} />}
      {data?.count === 0 &&
        (isFiltered ? (
          <Empty says={t("none_found")} action={clear} />
        ) : (
          <Empty says={t("none")} command={t("none_command")} />
        ))}
      {data !== undefined && data.count > 0 && (
        <>
          <ExecutionsList rows={data.results} />
          <Pager
            page={page}
            size={SIZE}
            count={data.count}
            go={(to) => navigate({ search: { ...filter, page: to } })}
          />
        </>
      )}
    </Page>
  );
}
