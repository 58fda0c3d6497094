import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Hand } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { type ApprovalBody, approvalsRespond, type FieldBody, type WholeExecutionBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { useKey } from "@/lib/use-key";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { Choice } from "@/ui/choice";
import { AskDialog } from "@/ui/danger";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Failure } from "@/ui/states";
import { Ago } from "@/ui/time";
import { approvals } from "./api";
import styles from "./details.module.css";
import { useSeq } from "./use-seq";

/** The gate that a step waits at: the question, who has answered, and the answer of whoever may give one. */
export default function ApprovalCard({ execution, step }: { execution: WholeExecutionBody; step: string }) {
  const { t } = useTranslation("execution-live");
  const { data, error, refetch } = useQuery(approvals(execution.id, useSeq(execution)));
  const known = useRef(data);
  if (data !== undefined) known.current = data; // a later failure does not take away what one is answering
  const asked = known.current?.find((one) => one.step === step && one.status === "pending");
  return (
    <>
      {error !== null && <Failure what={t("gate.failed")} error={error} again={() => void refetch()} />}
      {asked === undefined ? null : <Gate key={asked.id} asked={asked} />}
    </>
  );
}

function Gate({ asked }: { asked: ApprovalBody }) {
  const { t } = useTranslation("execution-live");
  const [comment, setComment] = useState("");
  const [fields, setFields] = useState<Record<string, string>>({});
  const [asks, setAsks] = useState(false);
  const queries = useQueryClient();
  const [said, setSaid] = useState<"approved" | "rejected" | null>(null);
  const refresh = () => queries.invalidateQueries({ queryKey: ["executions", "one", asked.execution, "approvals"] });
  const send = (action: "approve" | "reject") => {
    const body = { action, comment, digest: asked.digest, ...(action === "approve" && { fields: given(fields) }) };
    return approvalsRespond({ path: { id: asked.id }, body }).finally(refresh); // also what was refused: it may be out of date
  };
  const approving = useSending({ mutationFn: () => send("approve"), onSuccess: () => setSaid("approved") });
  const form = useRef<HTMLFormElement>(null);
  const approve = () => {
    if (form.current?.reportValidity()) approving.mutate();
  };
  useKey("a", t("keys.answer"), () => form.current?.querySelector<HTMLElement>("select, input, button")?.focus(), {
    enabled: asked.may_respond,
  });
  return (
    <form
      ref={form}
      className={styles.gate}
      onSubmit={(event) => event.preventDefault()} // Enter in a comment says neither yes nor no
      aria-label={t("gate.label")}
    >
      <strong>
        <Hand size={14} aria-hidden />{" "}
        {translated(asked.message) || t("gate.question", { step: asked.name || asked.step })}
      </strong>
      <p className="muted">
        {t("gate.needs", { given: asked.answers.length, required: asked.required })}
        {who(asked) === "" ? "" : ` · ${t("gate.who", { who: who(asked) })}`}
        {asked.expires_at === null ? null : (
          <>
            {" · "}
            {t("gate.expires")} <Ago at={asked.expires_at} />
          </>
        )}
      </p>
      {asked.answers.map(({ by, comment: said }) => (
        <p key={by}>
          {t("gate.answered", { by })} {said}
        </p>
      ))}
      {said !== null ? (
        <p>{t(`gate.${said}`)}</p>
      ) : asked.may_respond ? (
        <>
          <div className={styles.asked}>
            {asked.fields.map((field) => (
              <Asked
                key={field.name}
                field={field}
                value={fields[field.name] ?? ""}
                set={(value) => setFields({ ...fields, [field.name]: value })}
              />
            ))}
            <Field label={t("gate.comment")}>
              {(ids) => <Input {...ids} value={comment} onChange={(event) => setComment(event.target.value)} />}
            </Field>
          </div>
          <div className={styles.answers}>
            <Button type="primary" loading={approving.isPending} onClick={approve}>
              {t("gate.approve")}
            </Button>
            <Button danger disabled={approving.isPending} onClick={() => setAsks(true)}>
              {t("gate.reject")}
            </Button>
          </div>
          {asks && (
            <AskDialog
              title={t("ask.reject.title")}
              says={t("ask.reject.says")}
              does={t("ask.reject.do")}
              keeps={t("ask.reject.not")}
              failed={t("not_done")}
              act={() => send("reject")}
              done={() => setSaid("rejected")}
              close={() => setAsks(false)}
            />
          )}
        </>
      ) : (
        <p>{translated(asked.why_not)}</p>
      )}
      {approving.error === null ? null : <Failure what={t("not_done")} error={approving.error} />}
    </form>
  );
}

/** Without those that were left empty. */
function given(fields: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}

function who({ users, groups }: ApprovalBody): string {
  return [...groups, ...users].join(", ");
}

function Asked({ field, value, set }: { field: FieldBody; value: string; set: (value: string) => void }) {
  const { t } = useTranslation("execution-live");
  const options = field.type === "boolean" ? ["true", "false"] : field.options;
  const label = field.required ? t("gate.required", { name: field.name }) : field.name;
  if (field.type === "choice" || field.type === "boolean")
    return (
      <Field label={label}>
        {({ id }) => (
          <Choice
            id={id}
            value={value}
            options={[{ value: "", label: t("gate.choose") }, ...options.map((one) => ({ value: one, label: one }))]}
            onChange={set}
          />
        )}
      </Field>
    );
  return (
    <Field label={label}>
      {(ids) => (
        <Input
          {...ids}
          type={field.type === "number" ? "number" : "text"}
          required={field.required}
          value={value}
          onChange={(event) => set(event.target.value)}
        />
      )}
    </Field>
  );
}
