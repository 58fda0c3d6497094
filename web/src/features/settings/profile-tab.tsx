import { useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { authUsersMePartialUpdate } from "@/api/generated";
import { session, useMe } from "@/api/session";
import { speak } from "@/lib/i18n";
import { THEME, useKept } from "@/lib/kept";
import { Said } from "@/lib/said";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { Choice } from "@/ui/choice";
import { Facts } from "@/ui/facts";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Card } from "@/ui/page";
import { Pick } from "@/ui/pick";
import { Refused, wrongOf } from "@/ui/refused";
import { Ago } from "@/ui/time";
import styles from "./settings.module.css";

export function ProfileTab() {
  return (
    <div className={styles.form}>
      <Account />
      <Browser />
    </div>
  );
}

/** What the server keeps, and uses in what it sends. */
function Account() {
  const { t } = useTranslation("settings");
  const me = useMe();
  const queries = useQueryClient();
  const saving = useSending({
    mutationFn: async (said: Said) => {
      const language = said.text("language") === "en" ? "en" : "zh-hans";
      await authUsersMePartialUpdate({ body: { name: said.text("name"), language } });
      await speak(language === "en" ? "en" : "zh-CN");
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: session.queryKey }),
  });
  const { wrong, placed } = wrongOf(saving.error);
  const fields = (
    <>
      <Field label={t("profile.name")} wrong={wrong("name")}>
        {(ids) => <Input {...ids} name="name" maxLength={150} autoComplete="name" defaultValue={me.name} />}
      </Field>
      <Field label={t("profile.language")} wrong={wrong("language")} about={t("profile.language_about")}>
        {(ids) => (
          <Pick
            {...ids}
            name="language"
            defaultValue={me.language}
            options={[
              { value: "en", label: "English" },
              { value: "zh-hans", label: "中文" },
            ]}
          />
        )}
      </Field>
    </>
  );
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    saving.mutate(new Said(new FormData(event.currentTarget)));
  };
  return (
    <Card title={t("profile.account")}>
      <form className={styles.pad} onSubmit={save} onChange={() => saving.reset()}>
        <Refused what={t("not_saved")} error={saving.error} placed={placed()} />
        {fields}
        <div style={{ marginBottom: 14 }}>
          <Facts
            facts={[
              [t("profile.username"), me.username],
              [t("profile.email"), me.email],
              [t("profile.role"), me.is_admin ? t("profile.admin") : t("profile.member")],
              [t("profile.created"), <Ago key="created" at={me.created_at} />],
            ]}
          />
        </div>
        <Button type="primary" htmlType="submit" loading={saving.isPending}>
          {t("save")}
        </Button>
        {saving.isSuccess && <output className={styles.saved}>{t("saved")}</output>}
      </form>
    </Card>
  );
}

/** What only this browser knows. */
function Browser() {
  const { t } = useTranslation("settings");
  const [theme, setTheme] = useKept(THEME);
  return (
    <Card title={t("profile.browser")}>
      <div className={styles.pad}>
        <Field label={t("profile.theme")}>
          {({ id }) => (
            <Choice
              id={id}
              value={theme}
              options={THEME.values.map((value) => ({ value, label: t(`profile.themes.${value}`) }))}
              onChange={setTheme}
            />
          )}
        </Field>
      </div>
    </Card>
  );
}
