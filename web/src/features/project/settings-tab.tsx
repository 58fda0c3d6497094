import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import {
  type ProjectBody,
  projectsArchive,
  projectsDestroy,
  projectsPartialUpdate,
  projectsUnarchive,
} from "@/api/generated";
import { may } from "@/lib/roles";
import { Said } from "@/lib/said";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { Card } from "@/ui/page";
import { Refused, wrongOf } from "@/ui/refused";
import { Saved, Split } from "@/ui/rows";
import { Failure } from "@/ui/states";
import { credentials } from "./api";
import { SettingsFields } from "./settings-fields";
import styles from "./settings-tab.module.css";
import { useRefresh } from "./use-project";

/** What the project is, where its text comes from, how long things are kept, and its end. */
export function SettingsTab({ project }: { project: ProjectBody }) {
  return (
    <div className={styles.settings}>
      <Itself project={project} />
      <End project={project} />
    </div>
  );
}

function Itself({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const refresh = useRefresh(project.id);
  const known = useQuery({ ...credentials(project.id), enabled: may(project, "credential.view") }).data?.results ?? [];
  const saving = useSending({
    mutationFn: (said: Said) => projectsPartialUpdate({ path: { project: project.id }, body: asBody(said) }),
    onSuccess: refresh,
  });
  const { wrong, placed } = wrongOf(saving.error);
  const fields = <SettingsFields project={project} credentials={known} wrong={wrong} />;
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    saving.mutate(new Said(new FormData(event.currentTarget)));
  };
  const mayChange = may(project, "project.change");
  return (
    <Card title={t("tabs.settings")}>
      <form className={styles.pad} onSubmit={save} onChange={() => saving.reset()}>
        <Refused what={t("not_saved")} error={saving.error} placed={placed()} />
        <fieldset disabled={!mayChange} style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
          {fields}
        </fieldset>
        {mayChange ? (
          <Button type="primary" htmlType="submit" loading={saving.isPending}>
            {t("save")}
          </Button>
        ) : (
          <p className="muted">{t("settings.not_yours")}</p>
        )}
        {saving.isSuccess && <Saved>{t("saved")}</Saved>}
      </form>
    </Card>
  );
}

function asBody(said: Said) {
  const credential = said.number("git_credential");
  return {
    name: said.text("name"),
    description: said.text("description"),
    visibility: said.text("visibility") as ProjectBody["visibility"],
    repository: said.text("repository"),
    default_branch: said.text("default_branch"),
    git_credential: credential ?? null,
    keep_executions_days: said.number("keep_executions_days") ?? 0,
    keep_artifacts_days: said.number("keep_artifacts_days") ?? 0,
    keep_workspaces_hours: said.number("keep_workspaces_hours") ?? 0,
    max_parallel_steps: said.number("max_parallel_steps") ?? null,
  };
}

function End({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const navigate = useNavigate();
  const refresh = useRefresh(project.id);
  const path = { project: project.id };
  const waking = useSending({ mutationFn: () => projectsUnarchive({ path, body: {} }), onSuccess: refresh });
  if (!may(project, "project.delete")) return null;
  return (
    <Card title={t("settings.end")}>
      {waking.error !== null && <Failure what={t("not_saved")} error={waking.error} />}
      <Split says={project.archived_at === null ? t("settings.archive_says") : t("is_archived")}>
        {project.archived_at === null ? (
          <Danger
            label={t("settings.archive")}
            title={t("settings.archive")}
            says={t("settings.archive_asks", { name: project.name })}
            failed={t("settings.not_archived")}
            act={() => projectsArchive({ path, body: {} })}
            done={refresh}
          />
        ) : (
          <Button loading={waking.isPending} onClick={() => waking.mutate()}>
            {t("settings.unarchive")}
          </Button>
        )}
      </Split>
      {project.pipelines_count === 0 && (
        <Split says={t("settings.delete_says")}>
          <Danger
            label={t("settings.delete")}
            title={t("settings.delete")}
            says={t("settings.delete_asks", { name: project.name })}
            failed={t("not_deleted")}
            act={() => projectsDestroy({ path })}
            done={async () => {
              await navigate({ to: "/projects" });
              await refresh();
            }}
          />
        </Split>
      )}
    </Card>
  );
}
