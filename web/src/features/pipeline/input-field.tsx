import { useTranslation } from "react-i18next";
import type { AskedInput } from "@/api/generated";
import { Box } from "@/ui/boxes";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Pick } from "@/ui/pick";
import { controlOf, shownDefault } from "./model/asked";

/** One input of the pipeline, as its type wants to be asked. */
export function InputField({ input, wrong }: { input: AskedInput; wrong: string }) {
  const { t } = useTranslation("pipeline");
  const name = controlOf(input);
  const about = [input.description, input.pattern && t("run.pattern", { pattern: input.pattern })]
    .filter(Boolean)
    .join(" · ");
  if (input.type === "boolean")
    return (
      <div style={{ marginBottom: 14 }}>
        <Box name={name} label={<strong>{input.name}</strong>} about={wrong || about} ticked={input.default === true} />
      </div>
    );
  return (
    <Field label={input.required ? t("run.required", { name: input.name }) : input.name} wrong={wrong} about={about}>
      {(ids) =>
        input.type === "choice" ? (
          <Pick
            {...ids}
            name={name}
            required={input.required}
            defaultValue={shownDefault(input)}
            options={[
              ...(input.default === null ? [{ value: "", label: t("run.choose") }] : []),
              ...input.options.map((value) => ({ value, label: value })),
            ]}
          />
        ) : (
          <Input
            {...ids}
            name={name}
            required={input.required}
            defaultValue={shownDefault(input)}
            {...(input.type === "number" ? { inputMode: "decimal" as const } : {})}
          />
        )
      }
    </Field>
  );
}
