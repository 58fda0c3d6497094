import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { Layers, Radio } from "lucide-react";
import { useCallback, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { WholeExecutionBody } from "@/api/generated";
import { EXECUTION_LOOK } from "@/lib/status";
import { useKey } from "@/lib/use-key";
import { part, useAhead } from "@/ui/part";
import { Segmented } from "@/ui/segmented";
import { Skeleton } from "@/ui/states";
import { Toggle } from "@/ui/toggle";
import { Head } from "./head";
import { type ExecutionSearch, parseExecution, tidy, VIEWS } from "./search";
import { StepPanel } from "./step-panel";
import { StepsList } from "./steps-list";
import { useFollowed } from "./use-followed";
import { useLive } from "./use-live";
import styles from "./whole.module.css";

const waiting = { fallback: <Skeleton /> };
const MergedPanel = part(async () => (await import("./logs/merged/merged-panel")).default, waiting);
const StepsGraph = part(async () => (await import("./steps-graph")).default, waiting);
const StepsTimeline = part(async () => (await import("./steps-timeline")).default, waiting);

/** Where its parts have scrolled to is theirs: the router would put a log back to where it stood before a line was gone to. */
const SAME_PAGE = { replace: true, resetScroll: false } as const;

interface WholeProps {
  given: WholeExecutionBody;
  /** The step in the address; without one, whatever runs now is followed. */
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
  const followed = useFollowed(steps, chosen === undefined);
  const step = steps.find(({ key }) => key === (chosen ?? followed)) ?? steps[0];
  const isOver = EXECUTION_LOOK[execution.status].final;
  const id = String(execution.id);

  const now = useRef({ search, follows: chosen === undefined, key: step?.key });
  now.current = { search, follows: chosen === undefined, key: step?.key };
  const show = useCallback(
    (key: string, to: ExecutionSearch = {}, line = "") => {
      const stays = now.current.follows && key === now.current.key && line === "";
      const options = { search: to, hash: line, ...SAME_PAGE };
      if (stays) void navigate({ to: "/executions/$id", params: { id }, ...options });
      else void navigate({ to: "/executions/$id/steps/$key", params: { id, key }, ...options });
    },
    [navigate, id],
  );
  const choose = useCallback(
    (key: string) => {
      const { attempt: _, beside: __, tab: ___, merged: ____, ...kept } = now.current.search;
      now.current = { ...now.current, follows: false };
      show(key, kept);
    },
    [show],
  );
  const look = (view: (typeof VIEWS)[number]) =>
    void navigate({ to: ".", search: tidy({ ...search, view }), hash, ...SAME_PAGE });
  const isMerged = search.merged === true;
  const merge = () => {
    const { attempt: _, beside: __, tab: ___, merged: ____, ...kept } = search;
    const to = isMerged ? kept : { ...kept, merged: true as const };
    void navigate({ to: "/executions/$id", params: { id }, search: to, ...SAME_PAGE });
  };
  const follow = () => {
    const { attempt: _, beside: __, merged: ___, ...kept } = search;
    if (chosen === undefined && !isMerged && step !== undefined) choose(step.key);
    else void navigate({ to: "/executions/$id", params: { id }, search: kept, ...SAME_PAGE });
  };
  const walk = (by: number) => {
    const next = steps[steps.findIndex(({ key }) => key === step?.key) + by];
    if (next !== undefined) choose(next.key);
  };
  const view = search.view ?? VIEWS[0];
  const follows = chosen === undefined && !isMerged;
  useKey("j", t("keys.next"), () => walk(1));
  useKey("k", t("keys.previous"), () => walk(-1));
  useKey("v", t("keys.view"), () => look(VIEWS[(VIEWS.indexOf(view) + 1) % VIEWS.length] ?? view));
  useKey("m", t("keys.merged"), merge);
  useKey("shift+f", t("keys.follow_all"), follow, { enabled: !isOver });

  useAhead(StepsGraph, StepsTimeline);
  const parts = { execution, chosen: isMerged ? "" : (step?.key ?? ""), choose };
  return (
    <div className={styles.whole}>
      <Head execution={execution} connected={connected} />
      <div className={styles.parts} data-view={view}>
        <section className={styles.steps} aria-label={t("steps")}>
          <div className={styles.views}>
            <Segmented
              size="small"
              value={view}
              options={VIEWS.map((value) => ({ value, label: t(`views.${value}`) }))}
              onChange={(value) => look(value)}
              aria-label={t("views.label")}
            />
            <Toggle icon={Layers} says={t("merged.says")} on={isMerged} act={merge}>
              {t("merged.title")}
            </Toggle>
            {isOver ? null : (
              <Toggle icon={Radio} says={t("follow_all_says")} on={follows} act={follow}>
                {t("follow_all")}
              </Toggle>
            )}
          </div>
          {view === "graph" ? <StepsGraph {...parts} /> : null}
          {view === "timeline" ? <StepsTimeline {...parts} /> : null}
          {view === "list" ? <StepsList {...parts} /> : null}
        </section>
        {isMerged ? (
          <MergedPanel
            live={live}
            execution={execution}
            search={search}
            show={show}
            change={(to) => void navigate({ to: ".", search: to, ...SAME_PAGE })}
          />
        ) : step === undefined ? null : (
          <StepPanel execution={execution} step={step} live={live} search={search} hash={hash} show={show} />
        )}
      </div>
    </div>
  );
}
