import { useTranslation } from "react-i18next";
import { type ProjectBody, projectsSecretsCreate, projectsSecretsUpdate, type SecretBody } from "@/api/generated";
import { Area } from "@/ui/area";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { EnvironmentField } from "./environment-field";
import { useRefresh } from "./use-project";

interface SecretFormProps {
  project: ProjectBody;
  secret?: SecretBody;
  close: () => void;
}

/** Seals a value. That of an existing secret is replaced, never shown. */
export function SecretForm({ project: { id: project }, secret, close }: SecretFormProps) {
  const { t } = useTranslation("project");
  return (
    <FormDialog
      title={secret === undefined ? t("secrets.new") : t("secrets.replace", { name: secret.name })}
      submit={t("secrets.seal")}
      failed={t("secrets.not_sealed")}
      send={(said) => {
        const value = said.exact("value");
        return secret === undefined
          ? projectsSecretsCreate({
              path: { project },
              body: { name: said.text("name"), environment: said.text("environment"), value },
            })
          : projectsSecretsUpdate({ path: { project, secret: secret.id }, body: { value } });
      }}
      done={useRefresh(project)}
      close={close}
    >
      {(wrong) => (
        <>
          {secret === undefined && (
            <>
              <Field label={t("name")} wrong={wrong("name")} about={t("secrets.name_about")}>
                {(ids) => <Input {...ids} name="name" autoFocus required autoComplete="off" spellCheck={false} />}
              </Field>
              <EnvironmentField project={project} wrong={wrong("environment")} />
            </>
          )}
          <Field label={t("secrets.value")} wrong={wrong("value")} about={t("secrets.value_about")}>
            {(ids) => (
              <Area {...ids} code name="value" rows={4} required autoComplete="off" autoFocus={secret !== undefined} />
            )}
          </Field>
        </>
      )}
    </FormDialog>
  );
}
