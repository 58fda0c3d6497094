import { Trash2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { TypeBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { Area } from "@/ui/area";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { IconButton } from "@/ui/icon-button";
import { Input } from "@/ui/input";
import type { Row } from "./model/rows";
import styles from "./new-pipeline.module.css";
import { StepParameters } from "./step-parameters";

interface StepRowProps {
  row: Row;
  before: readonly Row[];
  types: readonly TypeBody[];
  change: (change: Partial<Omit<Row, "id">>) => void;
  remove: (() => void) | undefined;
}

/** One step: what it is called, what kind of work it does, what it runs, and what it waits for. */
export function StepRow({ row, before, types, change, remove }: StepRowProps) {
  const { t } = useTranslation("new-pipeline");
  const type = types.find(({ name }) => name === row.step_type);
  return (
    <li className={styles.step}>
      <div className={styles.row}>
        <Field label={t("step_name")}>
          {(ids) => (
            <Input {...ids} required value={row.name} onChange={(event) => change({ name: event.target.value })} />
          )}
        </Field>
        <Field label={t("step_type")}>
          {({ id }) => (
            <Choice
              id={id}
              value={row.step_type}
              options={(types.length === 0 ? [{ name: row.step_type }] : types).map(({ name }) => ({
                value: name,
                label: name,
              }))}
              onChange={(step_type) => change({ step_type })}
            />
          )}
        </Field>
        <span>{remove && <IconButton icon={Trash2} label={t("remove_step", { name: row.name })} act={remove} />}</span>
      </div>
      <Field label={t("run")} about={translated(type?.summary ?? "")}>
        {(ids) => (
          <Area
            {...ids}
            code
            rows={2}
            required={row.step_type === "custom"}
            value={row.run}
            onChange={(event) => change({ run: event.target.value })}
          />
        )}
      </Field>
      {type !== undefined && (
        <StepParameters
          type={type}
          typed={row.parameters}
          set={(name, value) => change({ parameters: { ...row.parameters, [name]: value } })}
        />
      )}
      {before.length > 0 && (
        <fieldset className={styles.needs}>
          <legend>{t("needs")}</legend>
          {before.map(({ id, name }, at) => (
            <label key={id}>
              <input
                type="checkbox"
                checked={row.needs.includes(id)}
                onChange={({ target }) =>
                  change({ needs: target.checked ? [...row.needs, id] : row.needs.filter((need) => need !== id) })
                }
              />
              {name || t("unnamed", { number: at + 1 })}
            </label>
          ))}
        </fieldset>
      )}
    </li>
  );
}
