import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { pipelinesDestroy, pipelinesPartialUpdate } from "@/api/generated";
import { may } from "@/lib/roles";
import { Said } from "@/lib/said";
import { useSending } from "@/lib/use-sending";
import { Box } from "@/ui/boxes";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Card } from "@/ui/page";
import { Refused, wrongOf } from "@/ui/refused";
import { Saved, Split } from "@/ui/rows";
import { Failure } from "@/ui/states";
import styles from "./parts.module.css";
import type { PartProps } from "./pipeline-page";
import { useRefresh } from "./use-pipeline";

/** Its name, whether it can be started, and its end. */
export function SettingsTab(props: PartProps) {
  return (
    <div className={styles.settings}>
      <Itself {...props} />
      <End {...props} />
    </div>
  );
}

function Itself({ pipeline, project }: PartProps) {
  const { t } = useTranslation("pipeline");
  const saving = useSending({
    mutationFn: (said: Said) =>
      pipelinesPartialUpdate({
        path: { id: pipeline.id },
        body: { name: said.text("name"), description: said.text("description"), is_active: said.isTicked("active") },
      }),
    onSuccess: useRefresh(pipeline.id),
  });
  const { wrong, placed } = wrongOf(saving.error);
  const mayChange = may(project, "pipeline.change");
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    saving.mutate(new Said(new FormData(event.currentTarget)));
  };
  const fields = (
    <fieldset disabled={!mayChange} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <Field label={t("settings.name")} wrong={wrong("name")}>
        {(ids) => <Input {...ids} name="name" required maxLength={100} defaultValue={pipeline.name} />}
      </Field>
      <Field label={t("settings.description")} wrong={wrong("description")}>
        {(ids) => <Input {...ids} name="description" defaultValue={pipeline.description} />}
      </Field>
      <div style={{ marginBottom: 14 }}>
        <Box
          name="active"
          label={t("settings.active")}
          about={t("settings.active_about")}
          ticked={pipeline.is_active}
        />
      </div>
    </fieldset>
  );
  return (
    <Card title={t("tabs.settings")}>
      <form className={styles.pad} onSubmit={save} onChange={() => saving.reset()}>
        <Refused what={t("settings.not_saved")} error={saving.error} placed={placed()} />
        {fields}
        {mayChange ? (
          <Button type="primary" htmlType="submit" loading={saving.isPending}>
            {t("settings.save")}
          </Button>
        ) : (
          <p className="muted">{t("settings.not_yours")}</p>
        )}
        {saving.isSuccess && <Saved>{t("settings.saved")}</Saved>}
      </form>
    </Card>
  );
}

function End({ pipeline, project }: PartProps) {
  const { t } = useTranslation(["pipeline", "app"]);
  const refresh = useRefresh(pipeline.id);
  const waking = useSending({
    mutationFn: () => pipelinesPartialUpdate({ path: { id: pipeline.id }, body: { archived: false } }),
    onSuccess: refresh,
  });
  if (!may(project, "pipeline.delete")) return null;
  return (
    <Card title={t("settings.end")}>
      {waking.error !== null && <Failure what={t("settings.not_saved")} error={waking.error} />}
      <Split says={pipeline.archived_at === null ? t("settings.archive_says") : t("app:rests.pipeline")}>
        {pipeline.archived_at === null ? (
          <Danger
            label={t("settings.archive")}
            title={t("settings.archive")}
            says={t("settings.archive_asks", { name: pipeline.name })}
            failed={t("settings.not_archived")}
            act={() => pipelinesDestroy({ path: { id: pipeline.id } })}
            done={refresh}
          />
        ) : (
          <Button loading={waking.isPending} onClick={() => waking.mutate()}>
            {t("settings.unarchive")}
          </Button>
        )}
      </Split>
    </Card>
  );
}
