import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import styles from "./sign-in.module.css";
import { SignInForm } from "./sign-in-form";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { t } = useTranslation("auth");
  const { next } = route.useSearch();
  const router = useRouter();
  useEffect(() => {
    document.title = `${t("title")} · AnsFlow`;
  }, [t]);
  return (
    <main className={styles.page}>
      <div className={styles.box}>
        <p className={styles.name}>AnsFlow</p>
        <h1>{t("title")}</h1>
        <SignInForm done={() => router.history.push(next ?? "/")} />
        <p className="muted">{t("first")}</p>
        <p className="muted">{t("forgotten")}</p>
      </div>
    </main>
  );
}
