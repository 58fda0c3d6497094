import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Ban, RotateCcw, SkipForward } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  cicdExecutionsCancel,
  cicdExecutionsRerun,
  cicdExecutionsRetry,
  type WholeExecutionBody,
} from "@/api/generated";
import { EXECUTION_LOOK } from "@/lib/status";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { Failure } from "@/ui/states";
import styles from "./deeds.module.css";

const CancelDialog = lazy(() => import("./cancel-dialog"));

/** Cancel what runs; run again what has ended, all of it or only what failed. */
export function Deeds({ execution }: { execution: WholeExecutionBody }) {
  const { t } = useTranslation("execution-live");
  const [asks, setAsks] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const path = { id: execution.id };
  const isOver = EXECUTION_LOOK[execution.status].final;
  const begun = ({ id }: { id: number }) => {
    void queries.invalidateQueries({ queryKey: ["executions", "list"] });
    void navigate({ to: "/executions/$id", params: { id: String(id) } });
  };
  const cancel = useMutation({ mutationFn: async () => (await cicdExecutionsCancel({ path, body: {} })).data });
  const rerun = useMutation({
    mutationFn: async () => (await cicdExecutionsRerun({ path, body: {} })).data,
    onSuccess: begun,
  });
  const retry = useMutation({
    mutationFn: async () => (await cicdExecutionsRetry({ path })).data,
    onSuccess: begun,
  });
  const failed = cancel.error ?? rerun.error ?? retry.error;
  useKey("c", t("keys.cancel"), () => setAsks(true), { enabled: !isOver });
  useKey("r", t("keys.rerun"), () => rerun.mutate(), { enabled: isOver && !rerun.isPending });
  return (
    <div className={styles.deeds}>
      {isOver ? (
        <>
          {execution.status === "success" ? null : (
            <Button
              type="primary"
              icon={<SkipForward size={14} />}
              loading={retry.isPending}
              onClick={() => retry.mutate()}
            >
              {t("retry")}
            </Button>
          )}
          <Button icon={<RotateCcw size={14} />} loading={rerun.isPending} onClick={() => rerun.mutate()}>
            {t("rerun")}
          </Button>
        </>
      ) : (
        <Button
          danger
          icon={<Ban size={14} />}
          disabled={cancel.isPending || cancel.isSuccess}
          onClick={() => setAsks(true)}
        >
          {cancel.isPending || cancel.isSuccess ? t("cancelling") : t("cancel")}
        </Button>
      )}
      {asks ? (
        <Suspense>
          <CancelDialog
            close={() => setAsks(false)}
            act={() => {
              setAsks(false);
              cancel.mutate();
            }}
          />
        </Suspense>
      ) : null}
      {failed === null ? null : <Failure what={t("not_done")} error={failed} />}
    </div>
  );
}
