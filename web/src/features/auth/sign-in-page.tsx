import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { signIn } from "@/api/session";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Failure } from "@/ui/states";
import styles from "./sign-in-page.module.css";

const route = getRouteApi("/sign-in");

export function SignInPage() {
  const { t } = useTranslation("auth");
  const { next } = route.useSearch();
  const queries = useQueryClient();
  const router = useRouter();
  const entering = useMutation({
    mutationFn: (body: { username: string; password: string }) => signIn(queries, body),
    onSuccess: () => router.history.push(next ?? "/"),
  });
  useEffect(() => {
    document.title = `${t("title")} · AnsFlow`;
  }, [t]);
  const enter = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    entering.mutate({ username: String(form.get("username")), password: String(form.get("password")) });
  };
  return (
    <main className={styles.page}>
      <form onSubmit={enter} className={styles.form}>
        <p className={styles.name}>AnsFlow</p>
        <h1>{t("title")}</h1>
        <Refusal error={entering.error} />
        <Field label={t("name")}>
          {(ids) => <Input {...ids} name="username" autoComplete="username" autoFocus required />}
        </Field>
        <Field label={t("password")}>
          {(ids) => <Input {...ids} name="password" type="password" autoComplete="current-password" required />}
        </Field>
        <Button type="primary" htmlType="submit" block loading={entering.isPending}>
          {t("button")}
        </Button>
        <p className="muted">{t("first")}</p>
        <p className="muted">{t("forgotten")}</p>
      </form>
    </main>
  );
}

function Refusal({ error }: { error: Error | null }) {
  const { t } = useTranslation("auth");
  if (!(error instanceof ApiError)) return null;
  return <Failure what={t("failed")} error={error.status === 401 ? { message: t("wrong") } : error} />;
}
