import { useTranslation } from "react-i18next";
import type { GitCredentialBody, ProjectBody } from "@/api/generated";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Pick } from "@/ui/pick";
import type { Wrong } from "@/ui/refused";
import styles from "./settings-tab.module.css";

interface SettingsFieldsProps {
  project: ProjectBody;
  credentials: readonly GitCredentialBody[];
  wrong: Wrong;
}

const KEPT = ["keep_executions_days", "keep_artifacts_days", "keep_workspaces_hours"] as const;

export function SettingsFields({ project, credentials, wrong }: SettingsFieldsProps) {
  const { t } = useTranslation("project");
  return (
    <>
      <Field label={t("name")} wrong={wrong("name")}>
        {(ids) => <Input {...ids} name="name" required maxLength={100} defaultValue={project.name} />}
      </Field>
      <Field label={t("description")} wrong={wrong("description")}>
        {(ids) => <Input {...ids} name="description" defaultValue={project.description} />}
      </Field>
      <Field label={t("settings.visibility")} wrong={wrong("visibility")}>
        {(ids) => (
          <Pick
            {...ids}
            name="visibility"
            defaultValue={project.visibility}
            options={(["private", "internal"] as const).map((value) => ({ value, label: t(`settings.${value}`) }))}
          />
        )}
      </Field>
      <Field label={t("settings.repository")} wrong={wrong("repository")} about={t("settings.repository_about")}>
        {(ids) => <Input {...ids} name="repository" defaultValue={project.repository} spellCheck={false} />}
      </Field>
      <div className={styles.row}>
        <Field label={t("settings.default_branch")} wrong={wrong("default_branch")}>
          {(ids) => <Input {...ids} name="default_branch" defaultValue={project.default_branch} spellCheck={false} />}
        </Field>
        <Field label={t("settings.git_credential")} wrong={wrong("git_credential")}>
          {(ids) => (
            <Pick
              {...ids}
              name="git_credential"
              key={credentials.length}
              defaultValue={String(project.git_credential ?? "")}
              options={[
                { value: "", label: t("settings.no_credential") },
                ...credentials.map(({ id, name, host }) => ({ value: String(id), label: `${name} (${host})` })),
              ]}
            />
          )}
        </Field>
      </div>
      <div className={styles.row}>
        {KEPT.map((name) => (
          <Field key={name} label={t(`settings.${name}`)} wrong={wrong(name)}>
            {(ids) => <Input {...ids} name={name} type="number" min={0} defaultValue={project[name]} />}
          </Field>
        ))}
      </div>
      <p className="muted" style={{ marginBottom: 14 }}>
        {t("settings.keep_about")}
      </p>
      <Field
        label={t("settings.max_parallel_steps")}
        wrong={wrong("max_parallel_steps")}
        about={t("settings.max_parallel_about")}
      >
        {(ids) => (
          <Input
            {...ids}
            name="max_parallel_steps"
            type="number"
            min={1}
            defaultValue={project.max_parallel_steps ?? ""}
          />
        )}
      </Field>
    </>
  );
}
