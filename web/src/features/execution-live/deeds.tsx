import { Ban } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { cicdExecutionsCancel, type WholeExecutionBody } from "@/api/generated";
import { EXECUTION_LOOK } from "@/lib/status";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { AskDialog } from "@/ui/danger";
import { Again } from "./again";
import styles from "./deeds.module.css";
import { useMay } from "./use-may";

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
  const [asked, setAsked] = useState(false);
  useKey("c", t("keys.cancel"), () => setAsks(true), { enabled: !asked });
  return (
    <>
      <Button danger icon={<Ban size={14} />} disabled={asked} onClick={() => setAsks(true)}>
        {t(asked ? "cancelling" : "cancel")}
      </Button>
      {asks && (
        <AskDialog
          title={t("ask.cancel.title")}
          says={t("ask.cancel.says")}
          does={t("ask.cancel.do")}
          keeps={t("ask.cancel.not")}
          failed={t("not_done")}
          act={() => cicdExecutionsCancel({ path: { id }, body: {} })}
          done={() => setAsked(true)}
          close={() => setAsks(false)}
        />
      )}
    </>
  );
}
