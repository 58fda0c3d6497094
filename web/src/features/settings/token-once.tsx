import { useTranslation } from "react-i18next";
import type { NewTokenBody } from "@/api/generated";
import { Button } from "@/ui/button";
import { Copy } from "@/ui/copy";
import { Modal } from "@/ui/modal";
import styles from "./settings.module.css";

/** The only time that the token is shown. It closes on its own button only, not by accident. */
export function TokenOnce({ token: { name, token }, close }: { token: NewTokenBody; close: () => void }) {
  const { t } = useTranslation("settings");
  const command = `curl -H "Authorization: Bearer $ANSFLOW_TOKEN" ${window.location.origin}/api/v1/pipelines/`;
  return (
    <Modal
      open
      title={name}
      stays
      footer={
        <Button type="primary" onClick={close}>
          {t("tokens.noted")}
        </Button>
      }
    >
      <p>{t("tokens.once")}</p>
      <div className={styles.once}>
        <code data-token>{token}</code>
        <Copy text={token} />
      </div>
      <p className="muted">{t("tokens.used_so")}</p>
      <code className={styles.command}>{command}</code>
    </Modal>
  );
}
