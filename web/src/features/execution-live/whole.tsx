import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { WholeExecutionBody } from "@/api/generated";
import { useKey } from "@/lib/use-key";
import { Segmented } from "@/ui/segmented";
import { Skeleton } from "@/ui/states";
import { Head } from "./head";
import { firstToLookAt } from "./model/view";
import { type ExecutionSearch, parseExecution, VIEWS } from "./search";
import { StepPanel } from "./step-panel";
import { StepsList } from "./steps-list";
import { useLive } from "./use-live";
import styles from "./whole.module.css";

const StepsGraph = lazy(() => import("./steps-graph"));
const StepsTimeline = lazy(() => import("./steps-timeline"));

interface WholeProps {
  given: WholeExecutionBody;
  /** The step in the address; without one, that which a person would look at first. */
  chosen: string | undefined;
}

/** Left the steps, as a list, a graph or a timeline; right the chosen one. */
export function Whole({ given, chosen }: WholeProps) {
  const { t } = useTranslation("execution-live");
  const { live, execution, connected } = useLive(given);
  const search = parseExecution(useSearch({ strict: false }));
  const navigate = useNavigate();
  const hash = useLocation({ select: (location) => location.hash });
  const steps = execution.step_executions;
  // biome-ignore lint/correctness/useExhaustiveDependencies: where one begins stays, whatever happens next
  const first = useMemo(() => firstToLookAt(steps)?.key, [given.id]);
  const step = steps.find(({ key }) => key === (chosen ?? first)) ?? steps[0];
  const id = String(execution.id);

  const show = useCallback(
    (key: string, to: ExecutionSearch = {}, line = "") => {
      const { view } = search;
      const kept = view === undefined ? to : { view, ...to };
      void navigate({ to: "/executions/$id/steps/$key", params: { id, key }, search: kept, hash: line, replace: true });
    },
    [navigate, id, search],
  );
  const look = (view: ExecutionSearch["view"]) =>
    void navigate({ to: ".", search: { ...search, ...(view && { view }) }, hash, replace: true });
  const walk = (by: number) => {
    const next = steps[steps.findIndex(({ key }) => key === step?.key) + by];
    if (next !== undefined) show(next.key);
  };
  useKey("j", t("keys.next"), () => walk(1));
  useKey("k", t("keys.previous"), () => walk(-1));
  useKey("v", t("keys.view"), () => look(VIEWS[(VIEWS.indexOf(search.view ?? "list") + 1) % VIEWS.length]));

  const parts = { execution, chosen: step?.key ?? "", choose: show };
  return (
    <div className={styles.whole}>
      <Head execution={execution} connected={connected} />
      <div className={styles.parts} data-view={search.view ?? "list"}>
        <section className={styles.steps} aria-label={t("steps")}>
          <Segmented
            size="small"
            value={search.view ?? "list"}
            options={VIEWS.map((value) => ({ value, label: t(`views.${value}`) }))}
            onChange={(value) => look(value)}
            aria-label={t("views.label")}
          />
          <Suspense fallback={<Skeleton />}>
            {search.view === "graph" ? <StepsGraph {...parts} /> : null}
            {search.view === "timeline" ? <StepsTimeline {...parts} /> : null}
            {(search.view ?? "list") === "list" ? <StepsList {...parts} /> : null}
          </Suspense>
        </section>
        {step === undefined ? null : (
          <StepPanel execution={execution} step={step} live={live} search={search} hash={hash} show={show} />
        )}
      </div>
    </div>
  );
}
