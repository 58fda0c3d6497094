import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Refused, wrongOf } from "@/ui/refused";
import { types } from "./api";
import { added, changed, type Row, removed, stepsOf } from "./model/rows";
import styles from "./new-pipeline.module.css";
import type { WayProps } from "./new-pipeline-page";
import { StepRow } from "./step-row";

/** A list of steps, of which the server makes a clean file. */
export function FromSteps({ make, making, error }: WayProps) {
  const { t } = useTranslation("new-pipeline");
  const [name, setName] = useState("");
  const [rows, setRows] = useState<readonly Row[]>(() => added([]));
  const known = useQuery(types).data ?? [];
  const { wrong, placed } = wrongOf(error);
  const send = (event: FormEvent) => {
    event.preventDefault();
    make({ name: name.trim(), steps: stepsOf(rows, known) });
  };
  const field = (
    <Field label={t("name")} wrong={wrong("name")}>
      {(ids) => (
        <Input
          {...ids}
          required
          maxLength={100}
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
    </Field>
  );
  return (
    <form onSubmit={send}>
      <Refused what={t("not_made")} error={error} placed={placed()} />
      {field}
      <ol className={styles.steps}>
        {rows.map((row, at) => (
          <StepRow
            key={row.id}
            row={row}
            before={rows.slice(0, at)}
            types={known}
            change={(change) => setRows(changed(rows, row.id, change))}
            remove={rows.length === 1 ? undefined : () => setRows(removed(rows, row.id))}
          />
        ))}
      </ol>
      <div className={styles.buttons}>
        <Button icon={<Plus size={14} aria-hidden />} onClick={() => setRows(added(rows))}>
          {t("add_step")}
        </Button>
        <Button type="primary" htmlType="submit" loading={making}>
          {t("make")}
        </Button>
      </div>
    </form>
  );
}
