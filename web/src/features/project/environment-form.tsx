import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import {
  type EnvironmentBody,
  type ProjectBody,
  projectsEnvironmentsCreate,
  projectsEnvironmentsPartialUpdate,
} from "@/api/generated";
import type { Said } from "@/lib/said";
import { Area } from "@/ui/area";
import { Box, Boxes } from "@/ui/boxes";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { groups } from "./api";
import { useRefresh } from "./use-project";

interface EnvironmentFormProps {
  project: ProjectBody;
  environment?: EnvironmentBody;
  close: () => void;
}

/** Where a deployment goes, and what protects it. */
export function EnvironmentForm({ project, environment, close }: EnvironmentFormProps) {
  const { t } = useTranslation("project");
  const known = useQuery(groups).data ?? [];
  const names = [...new Set([...known.map(({ name }) => name), ...(environment?.groups ?? [])])];
  return (
    <FormDialog
      title={environment === undefined ? t("environments.new") : environment.name}
      submit={environment === undefined ? t("create") : t("save")}
      failed={t("not_saved")}
      send={(said) => send(project.id, environment, said)}
      done={useRefresh(project.id)}
      close={close}
    >
      {(wrong) => (
        <>
          {environment === undefined && (
            <Field label={t("name")} wrong={wrong("name")} about={t("environments.name_about")}>
              {(ids) => <Input {...ids} name="name" autoFocus required maxLength={100} />}
            </Field>
          )}
          <Field label={t("description")} wrong={wrong("description")}>
            {(ids) => <Input {...ids} name="description" defaultValue={environment?.description ?? ""} />}
          </Field>
          <Field label={t("environments.url")} wrong={wrong("url")}>
            {(ids) => <Input {...ids} name="url" defaultValue={environment?.url ?? ""} placeholder="https://" />}
          </Field>
          <Field label={t("environments.branches")} wrong={wrong("branches")} about={t("environments.branches_about")}>
            {(ids) => (
              <Area {...ids} code name="branches" rows={2} defaultValue={environment?.branches.join("\n") ?? ""} />
            )}
          </Field>
          <Field label={t("environments.required")} wrong={wrong("required_approvals")}>
            {(ids) => (
              <Input
                {...ids}
                name="required"
                type="number"
                min={0}
                style={{ width: 100 }}
                defaultValue={environment?.required_approvals ?? 0}
              />
            )}
          </Field>
          <Boxes
            legend={t("environments.groups")}
            name="groups"
            options={names.map((name) => ({ value: name, label: name }))}
            ticked={environment?.groups ?? []}
            wrong={wrong("groups")}
            about={t("environments.groups_about")}
          />
          <Box name="self" label={t("environments.self")} ticked={environment?.self_approval ?? false} />
        </>
      )}
    </FormDialog>
  );
}

function send(project: number, environment: EnvironmentBody | undefined, said: Said) {
  const rules = {
    description: said.text("description"),
    url: said.text("url"),
    branches: said.list("branches"),
    required_approvals: said.number("required") ?? 0,
    groups: said.all("groups"),
    self_approval: said.isTicked("self"),
  };
  return environment === undefined
    ? projectsEnvironmentsCreate({ path: { project }, body: { name: said.text("name"), ...rules } })
    : projectsEnvironmentsPartialUpdate({ path: { project, environment: environment.id }, body: rules });
}
