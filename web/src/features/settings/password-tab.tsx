import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { authUsersMePartialUpdate } from "@/api/generated";
import { session, useMe } from "@/api/session";
import { Said } from "@/lib/said";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Card } from "@/ui/page";
import { Refused, wrongOf } from "@/ui/refused";
import styles from "./settings.module.css";

/** The password is changed by who knows it; every other session of this person ends. */
export function PasswordTab() {
  const { t } = useTranslation("settings");
  const me = useMe();
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const [differ, setDiffer] = useState(false);
  const [turn, setTurn] = useState(0);
  const saving = useSending({
    mutationFn: (said: Said) =>
      authUsersMePartialUpdate({
        body: { password: said.exact("password"), old_password: said.exact("old_password") },
      }),
    onSuccess: async () => {
      setTurn(turn + 1); // the fields are emptied
      await queries.invalidateQueries({ queryKey: session.queryKey }); // the CSRF token is another one now
    },
  });
  const { wrong, placed } = wrongOf(saving.error);
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const said = new Said(new FormData(event.currentTarget));
    const same = said.exact("password") === said.exact("again");
    setDiffer(!same);
    if (same) saving.mutate(said);
  };
  const fields = (
    <>
      <input type="text" name="username" autoComplete="username" value={me.username} readOnly hidden />
      <Field label={t("password.now")} wrong={wrong("old_password")}>
        {(ids) => <Input {...ids} name="old_password" type="password" autoComplete="current-password" required />}
      </Field>
      <Field label={t("password.next")} wrong={wrong("password")}>
        {(ids) => <Input {...ids} name="password" type="password" autoComplete="new-password" required />}
      </Field>
      <Field label={t("password.again")} wrong={differ ? t("password.differ") : ""}>
        {(ids) => <Input {...ids} name="again" type="password" autoComplete="new-password" required />}
      </Field>
    </>
  );
  return (
    <div className={styles.form}>
      <Card title={t("tabs.password")}>
        <form key={turn} ref={form} className={styles.pad} onSubmit={save}>
          <Refused what={t("password.not_changed")} error={saving.error} placed={placed()} />
          {fields}
          <p className="muted" style={{ marginBottom: 12 }}>
            {t("password.about")}
          </p>
          <Button type="primary" htmlType="submit" loading={saving.isPending}>
            {t("password.change")}
          </Button>
          {saving.isSuccess && <output className={styles.saved}>{t("password.changed")}</output>}
        </form>
      </Card>
    </div>
  );
}
