import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { said } from "@/lib/search";
import { Asked } from "@/ui/asked";
import { Choice } from "@/ui/choice";
import { Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Segmented } from "@/ui/segmented";
import { Empty } from "@/ui/states";
import { approvals, projects, SIZE } from "./api";
import { ApprovalCard } from "./approval-card";
import { type ApprovalsSearch, STATUSES } from "./search";

const route = getRouteApi("/shell/approvals");

/** One inbox for every gate: first what waits for this person, the oldest on top. */
export function ApprovalsPage() {
  const { t } = useTranslation("approvals");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useQuery(approvals(search));
  const pending = (search.status ?? "pending") === "pending";
  return (
    <Page title={t("title")} below={<Filters />}>
      <Asked asked={asked} failed={t("failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={!pending ? t("none_found") : search.all ? t("none_waits") : t("none_mine")} />
          ) : (
            <>
              {results.map((approval) => (
                <ApprovalCard key={approval.id} approval={approval} />
              ))}
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

function Filters() {
  const { t } = useTranslation("approvals");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const known = useQuery(projects).data ?? [];
  const filter = (change: { [K in keyof ApprovalsSearch]: ApprovalsSearch[K] | undefined }) =>
    void navigate({ search: said({ ...search, page: undefined, ...change }), replace: true });
  const pending = (search.status ?? "pending") === "pending";
  return (
    <>
      {pending && (
        <Segmented
          value={search.all ? "all" : "mine"}
          options={[
            { value: "mine", label: t("mine") },
            { value: "all", label: t("all") },
          ]}
          onChange={(which) => filter({ all: which === "all" ? true : undefined })}
        />
      )}
      <Choice
        label={t("status")}
        value={search.status ?? "pending"}
        options={STATUSES.map((value) => ({ value, label: t(`statuses.${value}`) }))}
        onChange={(status) => filter({ status: status === "pending" ? undefined : status, all: undefined })}
      />
      <Choice
        label={t("project")}
        value={String(search.project ?? "")}
        options={[
          { value: "", label: t("all_projects") },
          ...known.map(({ id, name }) => ({ value: String(id), label: name })),
        ]}
        onChange={(id) => filter({ project: id === "" ? undefined : Number(id) })}
      />
    </>
  );
}
