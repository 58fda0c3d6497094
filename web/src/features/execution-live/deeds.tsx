import { useMutation } from "@tanstack/react-query";
import { Ban } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { cicdExecutionsCancel, type WholeExecutionBody } from "@/api/generated";
import { EXECUTION_LOOK } from "@/lib/status";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { part } from "@/ui/part";
import { Failure } from "@/ui/states";
import { Again } from "./again";
import styles from "./deeds.module.css";
import { useMay } from "./use-may";

const AskDialog = part(async () => (await import("./ask-dialog")).default, { isOver: true });

/** Cancel what runs; run again what has ended; each for whoever may. */
export function Deeds({ execution }: { execution: WholeExecutionBody }) {
  const isOver = EXECUTION_LOOK[execution.status].final;
  const mayCancel = useMay(execution, "execution.cancel");
  return (
    <div className={styles.deeds}>
      {isOver && <Again execution={execution} />}
      {!isOver && mayCancel && <Cancel id={execution.id} />}
    </div>
  );
}

function Cancel({ id }: { id: number }) {
  const { t } = useTranslation("execution-live");
  const [asks, setAsks] = useState(false);
  const cancel = useMutation({
    mutationFn: async () => (await cicdExecutionsCancel({ path: { id }, body: {} })).data,
  });
  useKey("c", t("keys.cancel"), () => setAsks(true));
  return (
    <>
      <Button
        danger
        icon={<Ban size={14} />}
        loading={cancel.isPending}
        disabled={cancel.isSuccess}
        onClick={() => setAsks(true)}
      >
        {t(cancel.isSuccess ? "cancelling" : "cancel")}
      </Button>
      {asks && <AskDialog what="cancel" close={() => setAsks(false)} act={() => cancel.mutate()} />}
      {cancel.error !== null && <Failure what={t("not_done")} error={cancel.error} />}
    </>
  );
}
