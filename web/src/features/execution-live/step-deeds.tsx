import { useNavigate } from "@tanstack/react-router";
import { Ban, StepForward } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import {
  cicdExecutionsCancel,
  cicdExecutionsResume,
  type StepExecutionBody,
  type WholeExecutionBody,
} from "@/api/generated";
import { EXECUTION_LOOK, STEP_LOOK } from "@/lib/status";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { AskDialog } from "@/ui/danger";
import { Failure } from "@/ui/states";
import styles from "./deeds.module.css";
import { useMay, useMayRun } from "./use-may";

/** Cancel this one step, or begin again from it, for whoever may. */
export function StepDeeds({ execution, step }: { execution: WholeExecutionBody; step: StepExecutionBody }) {
  const { t } = useTranslation("execution-live");
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const [asked, setAsked] = useState(false);
  const path = { id: execution.id };
  const resume = useSending({
    mutationFn: async () => (await cicdExecutionsResume({ path, body: { from_step: step.key } })).data,
    onSuccess: ({ id }) => void navigate({ to: "/executions/$id", params: { id: String(id) } }),
  });
  const isOver = EXECUTION_LOOK[execution.status].final;
  const { mayRun } = useMayRun(execution);
  const mayCancel = useMay(execution, "execution.cancel");
  return (
    <div className={styles.deeds}>
      {isOver && mayRun ? (
        <Button
          size="small"
          icon={<StepForward size={13} />}
          loading={resume.isPending}
          onClick={() => resume.mutate()}
        >
          {t("resume")}
        </Button>
      ) : null}
      {isOver || STEP_LOOK[step.status].final || !mayCancel ? null : (
        <Button size="small" icon={<Ban size={13} />} disabled={asked} onClick={() => setAsks(true)}>
          {t(asked ? "cancelling" : "cancel_step")}
        </Button>
      )}
      {asks && (
        <AskDialog
          title={t("ask.cancel_step.title")}
          says={t("ask.cancel_step.says")}
          does={t("ask.cancel_step.do")}
          keeps={t("ask.cancel_step.not")}
          failed={t("not_done")}
          act={() => cicdExecutionsCancel({ path, body: { step: step.key } })}
          done={() => setAsked(true)}
          close={() => setAsks(false)}
        />
      )}
      {resume.error === null ? null : <Failure what={t("not_done")} error={resume.error} />}
    </div>
  );
}
