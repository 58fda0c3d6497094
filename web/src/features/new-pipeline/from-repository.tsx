import { Link } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "@/lib/said";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Refused, wrongOf } from "@/ui/refused";
import { Empty } from "@/ui/states";
import type { WayProps } from "./new-pipeline-page";

/** A file of the project's Git repository. Such a pipeline is changed there, and read again here. */
export function FromRepository({ project, make, making, error }: WayProps) {
  const { t } = useTranslation("new-pipeline");
  if (project.repository === "")
    return (
      <Empty
        says={t("no_repository", { name: project.name })}
        action={
          <Link to="/projects/$id" params={{ id: String(project.id) }} search={{ tab: "settings" }}>
            {t("to_settings")}
          </Link>
        }
      />
    );
  const { wrong, placed } = wrongOf(error);
  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const said = new Said(new FormData(event.currentTarget));
    const [name, ref] = [said.text("name"), said.text("ref")];
    make({ repository_path: said.text("path"), ...(name && { name }), ...(ref && { ref }) });
  };
  const fields = (
    <>
      <Field
        label={t("path")}
        wrong={wrong("repository_path")}
        about={t("path_about", { repository: project.repository })}
      >
        {(ids) => <Input {...ids} name="path" required defaultValue=".ansflow.yml" spellCheck={false} />}
      </Field>
      <Field label={t("ref")} wrong={wrong("ref")} about={t("ref_about")}>
        {(ids) => <Input {...ids} name="ref" placeholder={project.default_branch} spellCheck={false} />}
      </Field>
      <Field label={t("name")} wrong={wrong("name")} about={t("name_about")}>
        {(ids) => <Input {...ids} name="name" maxLength={100} />}
      </Field>
    </>
  );
  return (
    <form onSubmit={send}>
      <Refused what={t("not_made")} error={error} placed={placed()} />
      {fields}
      <Button type="primary" htmlType="submit" loading={making}>
        {t("make")}
      </Button>
    </form>
  );
}
