import { CircleCheck, CircleX, CornerDownRight, Info, Play } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { PlanBody, ProblemBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import styles from "./editor.module.css";
import type { Checks } from "./use-checks";

interface ProblemsProps {
  problems: readonly ProblemBody[];
  notes: readonly ProblemBody[];
  open: (problem: ProblemBody) => void;
}

/** What is wrong, and what is to be noted; a click leads to the line and the step. */
function ProblemList({ problems, notes, open }: ProblemsProps) {
  const { t } = useTranslation("pipeline-editor");
  const all = [...problems.map((one) => [one, "bad"] as const), ...notes.map((one) => [one, "note"] as const)];
  return (
    <section className={styles.below} aria-label={t("problems.label")}>
      {all.map(([problem, look]) => (
        <button
          key={`${look} ${problem.code} ${problem.path.join(".")} ${problem.line}:${problem.column} ${problem.message}`}
          type="button"
          data-look={look}
          onClick={() => open(problem)}
        >
          {look === "bad" ? <CircleX size={14} aria-hidden /> : <Info size={14} aria-hidden />}
          <span className="muted">
            {problem.file === "" ? "" : `${problem.file} `}
            {problem.line > 0 ? t("problems.line", { line: problem.line }) : ""}
          </span>
          <span>
            {problem.message} <span className="muted">{problem.hint}</span>
          </span>
        </button>
      ))}
    </section>
  );
}

/** What would not run for the event, and why; then what would. */
function PlanList({ plan, choose }: { plan: PlanBody; choose: (step: string) => void }) {
  const { t } = useTranslation("pipeline-editor");
  const runs = plan.steps.filter(({ skip }) => skip === null).length;
  const of = { event: plan.event, branch: plan.branch || plan.tag };
  return (
    <section className={styles.below} aria-label={t("plan.label")}>
      <p>
        {t("plan.says", { count: runs, total: plan.steps.length, event: plan.event })}
        {of.branch === "" ? "" : ` · ${of.branch}`}
      </p>
      {[...plan.steps.filter(({ skip }) => skip !== null), ...plan.steps.filter(({ skip }) => skip === null)].map(
        (step) => (
          <button
            key={step.key}
            type="button"
            data-look={step.skip === null ? "good" : "off"}
            onClick={() => choose(step.id)}
          >
            {step.skip === null ? <Play size={13} aria-hidden /> : <CornerDownRight size={13} aria-hidden />}
            <span className="muted">{step.skip === null ? t("plan.runs") : t("plan.skipped")}</span>
            <span>
              {step.key}{" "}
              <span className="muted">
                {step.skip === null ? held(step.condition, t) : translated(step.skip.message)}
              </span>
            </span>
          </button>
        ),
      )}
    </section>
  );
}

function held(condition: string, t: ReturnType<typeof useTranslation<"pipeline-editor">>["t"]): string {
  return condition === "" || condition === "success()" ? "" : t("plan.if", { condition });
}

interface BelowProps {
  checks: Checks;
  open: (problem: ProblemBody) => void;
  choose: (step: string) => void;
}

/** What the server says, below canvas and text: problems first; notes give way to the plan. */
export function Below({ checks, open, choose }: BelowProps) {
  const { t } = useTranslation("pipeline-editor");
  const { verdict, problems, notes, plan } = checks;
  const isValid = problems.length === 0;
  return (
    <div className={styles.foot}>
      {verdict !== undefined && (
        <Said problems={problems.length} notes={notes.length} steps={verdict.steps} isChecking={checks.isChecking} />
      )}
      {checks.isUnchecked && <span role="alert">{t("problems.unchecked")}</span>}
      {(!isValid || (notes.length > 0 && plan === undefined)) && (
        <ProblemList problems={problems} notes={notes} open={open} />
      )}
      {isValid && plan !== undefined && <PlanList plan={plan} choose={choose} />}
      {isValid && checks.notPlanned !== null && <p role="alert">{translated(checks.notPlanned.message)}</p>}
    </div>
  );
}

function Said({
  problems,
  notes,
  steps,
  isChecking,
}: {
  problems: number;
  notes: number;
  steps: number;
  isChecking: boolean;
}) {
  const { t } = useTranslation("pipeline-editor");
  const icon = problems > 0 ? <CircleX size={14} aria-hidden /> : <CircleCheck size={14} aria-hidden />;
  const words = [
    problems > 0 ? t("problems.count", { count: problems }) : t("problems.none", { count: steps }),
    ...(notes > 0 ? [t("problems.notes", { count: notes })] : []),
  ];
  return (
    <span
      className={styles.said}
      aria-live="polite"
      data-look={problems > 0 ? "bad" : "good"}
      data-checking={isChecking}
    >
      {icon}
      {words.join(" · ")}
    </span>
  );
}
