import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { CircleCheck, SkipForward } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { PlanBody, PlannedStepBody } from "@/api/generated";
import { said } from "@/lib/search";
import { translated } from "@/lib/sentences";
import { Asked } from "@/ui/asked";
import { Choice } from "@/ui/choice";
import { type Column, List } from "@/ui/list";
import { SearchField } from "@/ui/search-field";
import { plan } from "./api";
import styles from "./parts.module.css";
import type { PartProps } from "./pipeline-page";
import { Problems } from "./problems";
import { EVENTS } from "./search";

const route = getRouteApi("/shell/pipelines/$id");

/** What would run for an event, and why the rest would not. Starts nothing. */
export function PlanTab({ pipeline, project }: PartProps) {
  const { t } = useTranslation("pipeline");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { event = "manual", branch } = search;
  const asked = useQuery(plan(pipeline.id, said({ event, branch })));
  return (
    <>
      <div className={styles.filters}>
        <span>{t("plan.for")}</span>
        <Choice
          label={t("plan.event")}
          value={event}
          options={EVENTS.map((value) => ({ value, label: t(`plan.events.${value}`) }))}
          onChange={(chosen) => void navigate({ search: { ...search, event: chosen }, replace: true })}
        />
        <span>{t("plan.on")}</span>
        <SearchField
          label={t("plan.branch", { branch: project.default_branch })}
          value={branch ?? ""}
          onSearch={(words) =>
            void navigate({ search: said({ ...search, branch: words || undefined }), replace: true })
          }
        />
      </div>
      <Asked asked={asked} failed={t("plan.failed")}>
        {(found) => (
          <>
            <Problems problems={[]} notes={found.notes} />
            <Summary plan={found} />
            <Steps steps={found.steps} />
          </>
        )}
      </Asked>
    </>
  );
}

function Summary({ plan: { steps, max_parallel, timeout, concurrency } }: { plan: PlanBody }) {
  const { t } = useTranslation("pipeline");
  const runs = steps.filter(({ skip }) => skip === null).length;
  return (
    <p className="muted" style={{ marginBottom: 10 }}>
      {t("plan.runs", { count: runs, of: steps.length })} {t("plan.parallel", { count: max_parallel })}
      {timeout !== null && ` ${t("plan.timeout", { timeout })}`}
      {isGroup(concurrency) && ` ${t("plan.concurrency", { group: concurrency.group })}`}
    </p>
  );
}

function isGroup(concurrency: unknown): concurrency is { group: string } {
  return typeof concurrency === "object" && concurrency !== null && "group" in concurrency;
}

function Steps({ steps }: { steps: readonly PlannedStepBody[] }) {
  const { t } = useTranslation("pipeline");
  const columns: readonly Column<PlannedStepBody>[] = [
    {
      key: "step",
      main: true,
      title: t("plan.step"),
      width: "24%",
      cell: ({ key, skip }) => (
        <span className={skip === null ? undefined : styles.skipped} title={key}>
          {key}
        </span>
      ),
    },
    {
      key: "type",
      title: t("plan.type"),
      width: "120px",
      wide: true,
      cell: ({ step_type }) => <code>{step_type}</code>,
    },
    {
      key: "needs",
      title: t("plan.needs"),
      width: "20%",
      wide: true,
      cell: ({ needs }) => {
        const names = needs.map(({ key }) => key).join(", ");
        return <span title={names}>{names || "–"}</span>;
      },
    },
    {
      key: "would",
      title: t("plan.would"),
      cell: ({ skip, condition, approval }) => (
        <span className={styles.would} title={translated(skip?.message ?? "")}>
          {skip === null ? (
            <>
              <CircleCheck size={13} aria-hidden /> {t("plan.will_run")}
              {approval !== null && ` · ${t("plan.approval")}`}
              {condition !== "" && (
                <>
                  {" · "}
                  {t("plan.if")} <code>{condition}</code>
                </>
              )}
            </>
          ) : (
            <span className={styles.skipped}>
              <SkipForward size={13} aria-hidden /> {translated(skip.message)}
            </span>
          )}
        </span>
      ),
    },
  ];
  return <List label={t("tabs.plan")} columns={columns} rows={steps} idOf={({ key }) => key} />;
}
