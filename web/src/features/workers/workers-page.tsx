import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { said } from "@/lib/search";
import { Asked } from "@/ui/asked";
import { Card, Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Empty } from "@/ui/states";
import { queues, SIZE, workers } from "./api";
import { QueueRows } from "./queue-rows";
import { WorkerRows } from "./worker-rows";

const route = getRouteApi("/shell/workers");

/** Who runs steps, what each of them does, and what waits for them. */
export function WorkersPage() {
  const { t } = useTranslation("workers");
  return (
    <Page title={t("title")} below={<p className="muted">{t("says")}</p>}>
      <Queues />
      <Workers />
    </Page>
  );
}

function Queues() {
  const { t } = useTranslation("workers");
  const asked = useQuery(queues);
  return (
    <Card title={t("queues")}>
      <Asked asked={asked} failed={t("queues_failed")} rows={1}>
        {({ results }) => (results.length === 0 ? <Empty says={t("queues_none")} /> : <QueueRows rows={results} />)}
      </Asked>
    </Card>
  );
}

function Workers() {
  const { t } = useTranslation("workers");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useQuery(workers(search));
  const { data: known } = useQuery(queues);
  return (
    <Card title={t("workers")}>
      <Asked asked={asked} failed={t("failed")} rows={3}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={t("none")} />
          ) : (
            <>
              <WorkerRows rows={results} queues={known?.results ?? []} answeredAt={asked.dataUpdatedAt} />
              {count > SIZE && (
                <Pager
                  page={search.page ?? 1}
                  size={SIZE}
                  count={count}
                  go={(page) => void navigate({ search: said({ page }) })}
                />
              )}
            </>
          )
        }
      </Asked>
    </Card>
  );
}
