import { useMutation } from "@tanstack/react-query";
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
import { Button } from "@/ui/button";
import { part } from "@/ui/part";
import { Failure } from "@/ui/states";
import styles from "./deeds.module.css";
import { useMay, useMayRun } from "./use-may";

const AskDialog = part(async () => (await import("./ask-dialog")).default, { isOver: true });

/** Cancel this one step, or begin again from it, for whoever may. */
export function StepDeeds({ execution, step }: { execution: WholeExecutionBody; step: StepExecutionBody }) {
  const { t } = useTranslation("execution-live");
  const navigate = useNavigate();
  const [asks, setAsks] = useState(false);
  const path = { id: execution.id };
  const cancel = useMutation({
    mutationFn: async () => (await cicdExecutionsCancel({ path, body: { step: step.key } })).data,
  });
  const resume = useMutation({
    mutationFn: async () => (await cicdExecutionsResume({ path, body: { from_step: step.key } })).data,
    onSuccess: ({ id }) => void navigate({ to: "/executions/$id", params: { id: String(id) } }),
  });
  const failed = cancel.error ?? resume.error;
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
        <Button
          size="small"
          icon={<Ban size={13} />}
          loading={cancel.isPending}
          disabled={cancel.isSuccess}
          onClick={() => setAsks(true)}
        >
          {t(cancel.isSuccess ? "cancelling" : "cancel_step")}
        </Button>
      )}
      {asks && <AskDialog what="cancel_step" close={() => setAsks(false)} act={() => cancel.mutate()} />}
      {failed === null ? null : <Failure what={t("not_done")} error={failed} />}
    </div>
  );
}
