import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import { type ApprovalBody, approvalsRespond, type FieldBody } from "@/api/generated";
import { Said } from "@/lib/said";
import { Area } from "@/ui/area";
import { Button } from "@/ui/button";
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
  const answering = useMutation({
    mutationFn: ({ action, said }: { action: "approve" | "reject"; said: Said }) =>
      approvalsRespond({
        path: { id: approval.id },
        body: {
          action,
          comment: said.text("comment"),
          digest: approval.digest,
          ...(action === "approve" ? { fields: fieldsOf(approval.fields, said) } : {}),
        },
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["approvals"] }),
  });
  const { wrong, placed } = wrongOf(answering.error);
  const fields = approval.fields.map((field) => (
    <Wanted key={field.name} field={field} wrong={wrong(`fields.${field.name}`)} />
  ));
  const answer = (action: "approve" | "reject") => {
    if (form.current === null) return;
    if (action === "approve" && !form.current.reportValidity()) return;
    answering.mutate({ action, said: new Said(new FormData(form.current)) });
  };
  const busy = (action: string) => answering.isPending && answering.variables.action === action;
  return (
    <form ref={form} id={id} onSubmit={(event) => event.preventDefault()}>
      <Refused what={t("not_answered")} error={answering.error} placed={placed()} />
      {fields}
      <Field label={t("comment")} wrong={wrong("comment")}>
        {(ids) => <Area {...ids} name="comment" rows={2} />}
      </Field>
      <div className={styles.buttons}>
        <Button type="primary" loading={busy("approve")} disabled={busy("reject")} onClick={() => answer("approve")}>
          {t("approve")}
        </Button>
        <Button danger loading={busy("reject")} disabled={busy("approve")} onClick={() => answer("reject")}>
          {t("reject")}
        </Button>
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
