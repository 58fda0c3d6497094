import { useTranslation } from "react-i18next";
import { authUsersPasswordResetOfferPasswordReset, type PersonBody } from "@/api/generated";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { Copy } from "@/ui/copy";
import { Modal } from "@/ui/modal";
import { Failure } from "@/ui/states";
import { Ago } from "@/ui/time";
import styles from "./people.module.css";

/** A code with which somebody sets their password themselves. It is shown once, and replaces the one before. */
export function ResetDialog({ person, close }: { person: PersonBody; close: () => void }) {
  const { t } = useTranslation("people");
  const offering = useSending({
    mutationFn: async () =>
      (await authUsersPasswordResetOfferPasswordReset({ path: { user: person.id }, body: {} })).data,
  });
  const made = offering.data;
  return (
    <Modal
      open
      title={t("reset.for", { name: person.username })}
      busy={offering.isPending}
      stays={made !== undefined}
      onCancel={close}
      mask={{ closable: false }}
      footer={
        made === undefined ? (
          <Button type="primary" loading={offering.isPending} onClick={() => offering.mutate()}>
            {t("reset.make")}
          </Button>
        ) : (
          <Button onClick={close}>{t("reset.noted")}</Button>
        )
      }
    >
      {offering.error !== null && <Failure what={t("reset.failed")} error={offering.error} />}
      {made === undefined ? (
        <p>{t("reset.says")}</p>
      ) : (
        <>
          <p>{t("reset.once")}</p>
          <div className={styles.once}>
            <code>{made.code}</code>
            <Copy text={made.code} />
          </div>
          <p className="muted">
            {t("reset.expires")} <Ago at={made.expires_at} />
          </p>
        </>
      )}
    </Modal>
  );
}
