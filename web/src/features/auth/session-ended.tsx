import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/session";
import { Modal } from "@/ui/modal";
import styles from "./sign-in.module.css";
import { SignInForm } from "./sign-in-form";

const ABOVE_ALL = 1_200; // also above what is opened by a key while it is there

/** Over the page and what is half typed there, until the one who was here is back, through this form or in another tab. */
export default function SessionEnded() {
  const { t } = useTranslation("auth");
  const queries = useQueryClient();
  const me = useMe();
  useEffect(() => () => void queries.invalidateQueries(), [queries]); // what was refused meanwhile is asked again
  return (
    <Modal open title={t("ended.title")} stays footer={null} width={400} zIndex={ABOVE_ALL}>
      <p className={styles.kept}>{t("ended.says", { name: me.name || me.username })}</p>
      <SignInForm username={me.username} />
      <p className="muted">
        <a href="/sign-in">{t("ended.other")}</a>
      </p>
    </Modal>
  );
}
