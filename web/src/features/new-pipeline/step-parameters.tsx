import { useTranslation } from "react-i18next";
import type { TypeBody } from "@/api/generated";
import { type Parameter, parametersOf } from "@/lib/parameters";
import { translated } from "@/lib/sentences";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import type { Row } from "./model/rows";
import styles from "./new-pipeline.module.css";

interface StepParametersProps {
  type: TypeBody;
  typed: Row["parameters"];
  set: (name: string, value: string) => void;
}

/** What the type wants to know, folded away while nothing of it must be said. */
export function StepParameters({ type, typed, set }: StepParametersProps) {
  const { t } = useTranslation("new-pipeline");
  const known = parametersOf(type.parameters);
  if (known.length === 0) return null;
  return (
    <details className={styles.parameters} open={known.some(({ required }) => required) || undefined}>
      <summary>{t("parameters", { count: known.length })}</summary>
      <div className={styles.grid}>
        {known.map((one) => (
          <Field key={one.name} label={one.name} about={translated(one.description)}>
            {(ids) => (
              <Value ids={ids} parameter={one} value={typed[one.name] ?? ""} set={(text) => set(one.name, text)} />
            )}
          </Field>
        ))}
      </div>
    </details>
  );
}

interface ValueProps {
  ids: { id: string };
  parameter: Parameter;
  value: string;
  set: (text: string) => void;
}

function Value({ ids, parameter: { kinds, choices, fallback, required }, value, set }: ValueProps) {
  const options = [...choices, ...(kinds.includes("boolean") ? ["true", "false"] : [])];
  if (options.length === 0 || kinds.includes("list"))
    return (
      <Input
        {...ids}
        required={required}
        value={value}
        placeholder={fallback}
        onChange={(event) => set(event.target.value)}
      />
    );
  return (
    <Choice
      id={ids.id}
      value={value}
      options={[
        { value: "", label: fallback === "" ? "–" : `– (${fallback})` },
        ...options.map((one) => ({ value: one, label: one })),
      ]}
      onChange={set}
    />
  );
}
