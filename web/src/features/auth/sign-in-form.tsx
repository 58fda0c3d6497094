import { useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { signIn } from "@/api/session";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Failure } from "@/ui/states";
import styles from "./sign-in.module.css";

interface SignInFormProps {
  /** Who it is, where that is known; otherwise it is asked. */
  username?: string;
  done?: () => void;
}

export function SignInForm({ username, done }: SignInFormProps) {
  const { t } = useTranslation("auth");
  const queries = useQueryClient();
  const entering = useSending({
    mutationFn: (body: { username: string; password: string }) => signIn(queries, body),
    onSuccess: () => done?.(),
  });
  const enter = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    entering.mutate({ username: String(form.get("username")), password: String(form.get("password")) });
  };
  return (
    <form onSubmit={enter} className={styles.fields}>
      <Refusal error={entering.error} />
      {username === undefined ? (
        <Field label={t("name")}>
          {(ids) => <Input {...ids} name="username" autoComplete="username" autoFocus required />}
        </Field>
      ) : (
        <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      )}
      <Field label={t("password")}>
        {(ids) => (
          <Input
            {...ids}
            name="password"
            type="password"
            autoComplete="current-password"
            autoFocus={username !== undefined}
            required
          />
        )}
      </Field>
      <Button type="primary" htmlType="submit" block loading={entering.isPending}>
        {t("button")}
      </Button>
    </form>
  );
}

function Refusal({ error }: { error: Error | null }) {
  const { t } = useTranslation("auth");
  if (!(error instanceof ApiError)) return null;
  return <Failure what={t("failed")} error={error.status === 401 ? { message: t("wrong") } : error} />;
}
