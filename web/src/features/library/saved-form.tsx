import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { cicdAtomicStepsCreate, cicdAtomicStepsPartialUpdate, type LibraryEntry } from "@/api/generated";
import { useMe } from "@/api/session";
import type { Said } from "@/lib/said";
import { Area } from "@/ui/area";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import { Pick } from "@/ui/pick";
import type { Places } from "./saved-tab";

const STARTER = `type: test
run: make test
`;

/** One step as it stands in a pipeline file, below its id. */
export function SavedForm({ places, step, close }: { places: Places; step?: LibraryEntry; close: () => void }) {
  const { t } = useTranslation("library");
  const me = useMe();
  const queries = useQueryClient();
  const scopes = [
    ...(me.is_admin ? [{ value: "", label: t("saved.scopes.tenant") }] : []),
    ...places.map(({ id, name }) => ({ value: String(id), label: name })),
  ];
  return (
    <FormDialog
      title={step?.name ?? t("saved.new")}
      submit={t("saved.save")}
      failed={t("saved.not_saved")}
      width={640}
      send={(said) => send(step, said)}
      done={() => queries.invalidateQueries({ queryKey: ["atomic-steps"] })}
      close={close}
    >
      {(wrong) => (
        <>
          <Field label={t("saved.name")} wrong={wrong("name")}>
            {(ids) => <Input {...ids} name="name" autoFocus required maxLength={100} defaultValue={step?.name ?? ""} />}
          </Field>
          <Field label={t("saved.description")} wrong={wrong("description")}>
            {(ids) => <Input {...ids} name="description" defaultValue={step?.description ?? ""} />}
          </Field>
          {step === undefined && (
            <Field label={t("saved.scope")} wrong={wrong("project")}>
              {(ids) => <Pick {...ids} name="project" options={scopes} />}
            </Field>
          )}
          <Field
            label={t("saved.definition")}
            wrong={wrong("definition") || wrong("source")}
            about={t("saved.definition_about")}
          >
            {(ids) => (
              <Area
                {...ids}
                code
                name="definition"
                rows={10}
                required
                wrap="off"
                defaultValue={step?.definition ?? STARTER}
              />
            )}
          </Field>
        </>
      )}
    </FormDialog>
  );
}

function send(step: LibraryEntry | undefined, said: Said) {
  const body = { name: said.text("name"), description: said.text("description"), definition: said.exact("definition") };
  if (step?.id != null) return cicdAtomicStepsPartialUpdate({ path: { id: step.id }, body });
  const project = said.number("project");
  return cicdAtomicStepsCreate({ body: { ...body, ...(project === undefined ? {} : { project }) } });
}
