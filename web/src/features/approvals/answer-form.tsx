import { useQueryClient } from "@tanstack/react-query";
import { useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type ApprovalBody, approvalsRespond, type FieldBody } from "@/api/generated";
import { Said } from "@/lib/said";
import { useSending } from "@/lib/use-sending";
import { Area } from "@/ui/area";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Pick } from "@/ui/pick";
import { Refused, wrongOf } from "@/ui/refused";
import styles from "./approval.module.css";

/** What the gate wants to know, a comment, and yes or no. The answer counts for the text that was looked at only. */
export function AnswerForm({ approval }: { approval: ApprovalBody }) {
  const { t } = useTranslation("approvals");
  const queries = useQueryClient();
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const send = (action: "approve" | "reject") => {
    const said = new Said(new FormData(form.current ?? undefined));
    const fields = action === "approve" ? { fields: fieldsOf(approval.fields, said) } : {};
    const body = { action, comment: said.text("comment"), digest: approval.digest, ...fields };
    return approvalsRespond({ path: { id: approval.id }, body });
  };
  const refresh = () => queries.invalidateQueries({ queryKey: ["approvals"] });
  const approving = useSending({ mutationFn: () => send("approve"), onSuccess: refresh });
  const { wrong, placed } = wrongOf(approving.error);
  const fields = approval.fields.map((field) => (
    <Wanted key={field.name} field={field} wrong={wrong(`fields.${field.name}`)} />
  ));
  const approve = () => {
    if (form.current?.reportValidity()) approving.mutate();
  };
  return (
    <form ref={form} id={id} onSubmit={(event) => event.preventDefault()}>
      <Refused what={t("not_answered")} error={approving.error} placed={placed()} />
      {fields}
      <Field label={t("comment")} wrong={wrong("comment")}>
        {(ids) => <Area {...ids} name="comment" rows={2} />}
      </Field>
      <div className={styles.buttons}>
        <Button type="primary" loading={approving.isPending} onClick={approve}>
          {t("approve")}
        </Button>
        <Danger
          label={t("reject")}
          disabled={approving.isPending}
          title={t("reject_title")}
          says={t("reject_says")}
          failed={t("not_answered")}
          act={() => send("reject")}
          done={refresh}
        />
      </div>
    </form>
  );
}

/** Other values than text are texts on the wire: what they must look like is the gate's to say. */
function fieldsOf(fields: readonly FieldBody[], said: Said): Record<string, string> {
  return Object.fromEntries(
    fields.map(({ name }) => [name, said.text(`field:${name}`)]).filter(([, text]) => text !== ""),
  );
}

function Wanted({ field: { name, type, options, required }, wrong }: { field: FieldBody; wrong: string }) {
  const { t } = useTranslation("approvals");
  const control = { name: `field:${name}`, required };
  const choices = type === "boolean" ? ["true", "false"] : options;
  return (
    <Field label={required ? t("required", { name }) : name} wrong={wrong}>
      {(ids) =>
        type === "choice" || type === "boolean" ? (
          <Pick
            {...ids}
            {...control}
            options={[
              { value: "", label: t("choose") },
              ...choices.map((value) => ({
                value,
                label: type === "boolean" ? t(value === "true" ? "yes" : "no") : value,
              })),
            ]}
          />
        ) : (
          <Input {...ids} {...control} {...(type === "number" ? { inputMode: "decimal" as const } : {})} />
        )
      }
    </Field>
  );
}
