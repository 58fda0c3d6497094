import { CircleCheck, OctagonX, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { auditVerify, type VerifiedBody } from "@/api/generated";
import { Said } from "@/lib/said";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { Copy } from "@/ui/copy";
import { Facts } from "@/ui/facts";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Modal } from "@/ui/modal";
import { Refused, wrongOf } from "@/ui/refused";
import styles from "./audit.module.css";

/** Has the server walk the whole chain; with a length and a hash noted before, also against those. */
export function Verify() {
  const { t } = useTranslation("audit");
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon={<ShieldCheck size={14} aria-hidden />} onClick={() => setOpen(true)}>
        {t("verify.button")}
      </Button>
      {open && <Dialog close={() => setOpen(false)} />}
    </>
  );
}

function Dialog({ close }: { close: () => void }) {
  const { t } = useTranslation("audit");
  const verifying = useSending({
    mutationFn: async (said: Said) => {
      const [length, hash] = [said.number("length"), said.text("hash")];
      const query = { ...(length !== undefined && { length }), ...(hash !== "" && { hash }) };
      return (await auditVerify({ query })).data;
    },
  });
  const { wrong, placed } = wrongOf(verifying.error);
  const fields = (
    <>
      <Field label={t("verify.length")} wrong={wrong("length")}>
        {(ids) => <Input {...ids} name="length" type="number" min={1} style={{ width: 140 }} />}
      </Field>
      <Field label={t("verify.hash")} wrong={wrong("hash")}>
        {(ids) => <Input {...ids} name="hash" spellCheck={false} autoComplete="off" />}
      </Field>
    </>
  );
  return (
    <Modal open title={t("verify.button")} busy={verifying.isPending} onCancel={close} footer={null}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          verifying.mutate(new Said(new FormData(event.currentTarget)));
        }}
      >
        <p style={{ marginBottom: 12 }}>{t("verify.says")}</p>
        <Refused what={t("verify.failed")} error={verifying.error} placed={placed()} />
        {fields}
        <Button type="primary" htmlType="submit" loading={verifying.isPending} autoFocus>
          {t("verify.walk")}
        </Button>
      </form>
      {verifying.data !== undefined && <Verdict verified={verifying.data} />}
    </Modal>
  );
}

function Verdict({ verified: { whole, length, hash, broken } }: { verified: VerifiedBody }) {
  const { t } = useTranslation("audit");
  return (
    <div aria-live="polite" style={{ display: "grid", gap: 10, marginTop: 16 }}>
      {whole ? (
        <p className={styles.whole}>
          <CircleCheck size={15} aria-hidden /> {t("verify.whole", { count: length })}
        </p>
      ) : (
        <p className={styles.broken}>
          <OctagonX size={15} aria-hidden /> {broken?.reason ?? t("verify.broken")}
        </p>
      )}
      <Facts
        facts={[
          [t("verify.length_now"), String(length)],
          [
            t("verify.hash_now"),
            <span key="hash" style={{ display: "inline-flex", gap: 8, alignItems: "start" }}>
              <code className={styles.hash}>{hash}</code> <Copy text={hash} />
            </span>,
          ],
        ]}
      />
      <p className="muted">{t("verify.note")}</p>
    </div>
  );
}
