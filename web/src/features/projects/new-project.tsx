import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { projectsCreate } from "@/api/generated";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";

/** A name is enough; the rest can be said later. */
export function NewProject({ close }: { close: () => void }) {
  const { t } = useTranslation("projects");
  const queries = useQueryClient();
  const [visibility, setVisibility] = useState<"private" | "internal">("private");
  return (
    <FormDialog
      title={t("new")}
      submit={t("create")}
      failed={t("not_created")}
      send={async (said) => {
        const [description, repository] = [said.text("description"), said.text("repository")];
        await projectsCreate({ body: { name: said.text("name"), description, repository, visibility } });
      }}
      done={() => queries.invalidateQueries({ queryKey: ["projects"] })}
      close={close}
    >
      {(wrong) => (
        <>
          <Field label={t("name")} wrong={wrong("name")}>
            {(ids) => <Input {...ids} name="name" autoFocus required maxLength={100} />}
          </Field>
          <Field label={t("description")} wrong={wrong("description")}>
            {(ids) => <Input {...ids} name="description" />}
          </Field>
          <Field label={t("repository")} wrong={wrong("repository")} about={t("repository_about")}>
            {(ids) => <Input {...ids} name="repository" />}
          </Field>
          <Field label={t("visibility")} wrong={wrong("visibility")}>
            {({ id }) => (
              <Choice
                id={id}
                value={visibility}
                onChange={setVisibility}
                options={[
                  { value: "private", label: t("private") },
                  { value: "internal", label: t("internal") },
                ]}
              />
            )}
          </Field>
        </>
      )}
    </FormDialog>
  );
}
