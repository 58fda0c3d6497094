import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { type NewProject as Body, projectsCreate } from "@/api/generated";
import { Button } from "@/ui/button";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Modal } from "@/ui/modal";
import { Failure } from "@/ui/states";

/** A name is enough; the rest can be said later. */
export function NewProject({ close }: { close: () => void }) {
  const { t } = useTranslation("projects");
  const form = useId();
  const queries = useQueryClient();
  const [visibility, setVisibility] = useState<"private" | "internal">("private");
  const making = useMutation({
    mutationFn: (body: Body) => projectsCreate({ body }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["projects"] });
      close();
    },
  });
  const refused = making.error instanceof ApiError ? making.error : null;
  const make = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const said = new FormData(event.currentTarget);
    const of = (name: string) => String(said.get(name)).trim();
    making.mutate({ name: of("name"), description: of("description"), repository: of("repository"), visibility });
  };
  const wrong = (name: string) => refused?.of(name) ?? "";
  return (
    <Modal
      open
      title={t("new")}
      onCancel={close}
      footer={
        <Button type="primary" htmlType="submit" form={form} loading={making.isPending}>
          {t("create")}
        </Button>
      }
    >
      <form id={form} onSubmit={make}>
        {refused !== null && <Failure what={t("not_created")} error={refused} />}
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
      </form>
    </Modal>
  );
}
