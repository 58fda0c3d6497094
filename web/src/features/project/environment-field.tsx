import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Field } from "@/ui/field";
import { Pick } from "@/ui/pick";
import { environments } from "./api";

/** Where a value holds: everywhere, or in one environment. */
export function EnvironmentField({ project, wrong }: { project: number; wrong: string }) {
  const { t } = useTranslation("project");
  const known = useQuery(environments(project)).data?.results ?? [];
  return (
    <Field label={t("environment")} wrong={wrong} about={t("environment_about")}>
      {(ids) => (
        <Pick
          {...ids}
          name="environment"
          options={[
            { value: "", label: t("all_environments") },
            ...known.map(({ name }) => ({ value: name, label: name })),
          ]}
        />
      )}
    </Field>
  );
}
