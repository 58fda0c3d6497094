import { Columns2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { AttemptBody, StepExecutionBody } from "@/api/generated";
import { duration } from "@/lib/time";
import { Choice } from "@/ui/choice";
import { Toggle } from "@/ui/toggle";
import type { ExecutionSearch } from "./search";
import styles from "./whole.module.css";

interface AttemptsProps {
  step: StepExecutionBody;
  /** What is known of each; they come a moment later than their number. */
  known: readonly AttemptBody[];
  attempt: number;
  search: ExecutionSearch;
  change: (to: ExecutionSearch) => void;
}

/** Which attempt is shown, and whether another one stands beside it. */
export function Attempts({ step, known, attempt, search, change }: AttemptsProps) {
  const { t } = useTranslation(["execution-live", "status"]);
  const { beside, ...alone } = search;
  const options = Array.from({ length: step.attempt }, (_, at) => {
    const one = known.find(({ number }) => number === at + 1);
    const said = [
      t("attempt_n", { number: at + 1 }),
      one?.exit_code == null ? "" : t("exit_code", { code: one.exit_code }),
      one?.duration_seconds == null ? "" : duration(one.duration_seconds),
    ];
    return { value: String(at + 1), label: said.filter((part) => part !== "").join(" · ") };
  });
  const other = attempt > 1 ? attempt - 1 : attempt + 1;
  return (
    <span className={styles.attempts}>
      <Choice
        label={t("attempt")}
        value={String(attempt)}
        options={options}
        onChange={(number) => change({ ...alone, attempt: Number(number) })}
      />
      <Toggle
        icon={Columns2}
        says={t("beside")}
        on={beside !== undefined}
        act={() => {
          const { tab: _, ...onLog } = alone;
          change(beside === undefined ? { ...onLog, attempt, beside: other } : alone);
        }}
      >
        {t("beside")}
      </Toggle>
    </span>
  );
}
