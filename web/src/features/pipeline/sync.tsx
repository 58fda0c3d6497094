import { useState } from "react";
import { useTranslation } from "react-i18next";
import { pipelinesSync } from "@/api/generated";
import { may } from "@/lib/roles";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { FormDialog } from "@/ui/form-dialog";
import { Input } from "@/ui/input";
import type { PartProps } from "./pipeline-page";
import { useRefresh } from "./use-pipeline";

/** For a pipeline whose text stands in the project's repository: reads it again. */
export function Sync({ pipeline, project }: PartProps) {
  const { t } = useTranslation("pipeline");
  const refresh = useRefresh(pipeline.id);
  const [asks, setAsks] = useState(false);
  if (pipeline.repository_path === "" || !may(project, "pipeline.change")) return null;
  return (
    <>
      <Button onClick={() => setAsks(true)}>{t("sync.button")}</Button>
      {asks && (
        <FormDialog
          title={t("sync.button")}
          submit={t("sync.read")}
          failed={t("sync.failed")}
          send={(said) => {
            const ref = said.text("ref");
            return pipelinesSync({ path: { id: pipeline.id }, body: ref === "" ? {} : { ref } });
          }}
          done={refresh}
          close={() => setAsks(false)}
        >
          {(wrong) => (
            <Field
              label={t("sync.ref")}
              wrong={wrong("ref")}
              about={t("sync.ref_about", { branch: project.default_branch })}
            >
              {(ids) => <Input {...ids} name="ref" autoFocus spellCheck={false} placeholder={project.default_branch} />}
            </Field>
          )}
        </FormDialog>
      )}
    </>
  );
}
