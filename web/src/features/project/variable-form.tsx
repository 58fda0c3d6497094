import { useTranslation } from "react-i18next";
import {
  type ProjectBody,
  projectsVariablesCreate,
  projectsVariablesPartialUpdate,
  type VariableBody,
} from "@/api/generated";
import { Area } from "@/ui/area";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { EnvironmentField } from "./environment-field";
import { useRefresh } from "./use-project";

interface VariableFormProps {
  project: ProjectBody;
  variable?: VariableBody;
  close: () => void;
}

/** A value for the steps that is no secret. Its name and environment are set once. */
export function VariableForm({ project: { id: project }, variable, close }: VariableFormProps) {
  const { t } = useTranslation("project");
  return (
    <FormDialog
      title={variable?.name ?? t("variables.new")}
      submit={variable === undefined ? t("create") : t("save")}
      failed={t("not_saved")}
      send={(said) => {
        const value = said.exact("value");
        return variable === undefined
          ? projectsVariablesCreate({
              path: { project },
              body: { name: said.text("name"), environment: said.text("environment"), value },
            })
          : projectsVariablesPartialUpdate({ path: { project, variable: variable.id }, body: { value } });
      }}
      done={useRefresh(project)}
      close={close}
    >
      {(wrong) => (
        <>
          {variable === undefined && (
            <>
              <Field label={t("name")} wrong={wrong("name")} about={t("variables.name_about")}>
                {(ids) => <Input {...ids} name="name" autoFocus required autoComplete="off" spellCheck={false} />}
              </Field>
              <EnvironmentField project={project} wrong={wrong("environment")} />
            </>
          )}
          <Field label={t("variables.value")} wrong={wrong("value")}>
            {(ids) => (
              <Area
                {...ids}
                code
                name="value"
                rows={3}
                autoFocus={variable !== undefined}
                defaultValue={variable?.value ?? ""}
              />
            )}
          </Field>
        </>
      )}
    </FormDialog>
  );
}
