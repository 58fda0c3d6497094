import { useQuery } from "@tanstack/react-query";
import { FileText, Trash2, X } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { translated } from "@/lib/sentences";
import { Button } from "@/ui/button";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { stepTypes } from "./api";
import styles from "./editor.module.css";
import { addAxis, connect, disconnect, setKey } from "./model/canvas-edits";
import { renameStep } from "./model/document/step-edits";
import type { Change } from "./model/document/value-edits";
import { at, isDict, type Value } from "./model/document/values";
import { axesOf, type Drawing, type Drawn, waitingFor } from "./model/drawing";
import { type FieldSpec, fieldsOf } from "./model/fields";
import { saidAt } from "./model/marks";
import { said } from "./model/short-forms";
import { Parameter, Typed } from "./parameter";

interface StepFormProps {
  step: Drawn;
  /** What the whole file says. */
  value: Value;
  drawing: Drawing;
  problems: readonly { path: readonly unknown[]; message: string }[];
  /** Whether it was made. */
  edit: (edits: (value: Value) => Change[]) => boolean;
  renamed: (id: string) => void;
  remove: () => void;
  openText: (path: readonly string[]) => void;
  close: () => void;
}

const field = (name: string, kind: FieldSpec["kind"], otherwise = "", options: string[] = []): FieldSpec => ({
  name,
  kind,
  about: "",
  options,
  otherwise,
  required: false,
});

/** What every step can say and a form can ask; all else is in the text. */
const COMMON: readonly FieldSpec[] = [
  field("run", "long"),
  field("name", "text"),
  field("if", "text", "success()"),
  field("environment", "text"),
  field("timeout", "text", "60m"),
  field("allow_failure", "switch", "false"),
  field("group", "text"),
  field("executor", "text"),
  field("image", "text"),
  field("outputs", "list"),
  field("secrets", "list"),
];

const GATE = field("approval", "switch", "false");

/** What an approval says, by the keys below `approval`. */
const APPROVAL = [
  field("message", "long"),
  field("approvers.users", "list"),
  field("approvers.groups", "list"),
  field("required", "number", "1"),
  field("self_approval", "switch", "true"),
  field("fields", "items"),
  field("timeout", "text"),
  field("on_timeout", "choice", "reject", ["reject", "approve", "skip"]),
] as const;

/** What a matrix says beside its axes. */
const AROUND_AXES = [
  field("include", "items"),
  field("exclude", "items"),
  field("max_parallel", "number"),
  field("fail_fast", "switch", "true"),
] as const;

export function StepForm({ step, value, drawing, problems, edit, renamed, remove, openText, close }: StepFormProps) {
  const { t } = useTranslation("pipeline-editor");
  const kinds = useQuery(stepTypes).data ?? [];
  const kind = kinds.find(({ name }) => name === step.type);
  const whole = at(value, [step.section, step.id]);
  const body = isDict(whole) ? whole : new Map<string, Value>(whole === null ? [] : [["run", whole]]);
  const parameters = kind === undefined ? [] : fieldsOf(kind.parameters);
  const here = (keys: readonly string[]) => [step.section, step.id, ...keys];
  const wrong = (keys: readonly string[], own: readonly (readonly string[])[] = []) =>
    saidAt(problems, here(keys), own.map(here));
  const parameter = (spec: FieldSpec, keys: readonly string[], value = said(body, keys), wrongHere = wrong(keys)) => (
    <Parameter
      key={keys.join(".")}
      label={spec.name}
      spec={spec}
      value={value}
      wrong={wrongHere}
      set={(say) => edit((now) => setKey(now, step.id, keys, say()))}
      openText={() => openText(keys)}
    />
  );
  const approval = said(body, ["approval"]);
  const asks = approval !== null && approval !== false;
  const matrix = said(body, ["matrix"]);
  const axes = axesOf(matrix);
  return (
    <section className={styles.form} aria-label={t("form.label", { step: step.id })}>
      <header>
        <h2>{step.id}</h2>
        <Button
          size="small"
          icon={<FileText size={13} />}
          title={t("form.open_text")}
          aria-label={t("form.open_text")}
          onClick={() => openText([])}
        />
        <Button
          size="small"
          icon={<Trash2 size={13} />}
          title={t("form.remove")}
          aria-label={t("form.remove")}
          onClick={remove}
        />
        <Button
          size="small"
          icon={<X size={13} />}
          title={t("form.close")}
          aria-label={t("form.close")}
          onClick={close}
        />
      </header>
      <div className={styles.fields} key={`${step.section} ${step.id}`}>
        <Field
          label={t("form.id")}
          wrong={saidAt(
            problems.filter(({ path }) => path.length === 2),
            here([]),
          )}
        >
          {({ id, ...said }) => (
            <Typed
              id={id}
              said={said}
              isLong={false}
              shown={step.id}
              hint=""
              take={(fresh) => {
                const wanted = fresh.trim();
                if (wanted === "" || wanted === step.id) return;
                if (edit(() => [renameStep(step.id, wanted)])) renamed(wanted);
              }}
            />
          )}
        </Field>
        {step.uses === "" && (
          <Field label={t("form.type")} wrong={wrong(["type"])} about={translated(kind?.summary ?? "")}>
            {({ id }) => (
              <Choice
                id={id}
                value={step.type}
                options={[
                  ...kinds.map(({ name }) => ({ value: name, label: name })),
                  ...(kind === undefined ? [{ value: step.type, label: step.type }] : []),
                ]}
                onChange={(type) => edit((now) => setKey(now, step.id, ["type"], type))}
              />
            )}
          </Field>
        )}
        <Needs step={step} drawing={drawing} wrong={wrong(["needs"])} edit={edit} />
        {parameters.length > 0 && <h3>{t("form.parameters", { type: step.type })}</h3>}
        {parameters.map((spec) => parameter({ ...spec, about: translated(spec.about) }, ["with", spec.name]))}
        <h3>{t("form.common")}</h3>
        {COMMON.map((spec) => parameter({ ...spec, about: t(`about.${spec.name}` as "about.run") }, [spec.name]))}
        <fieldset>
          <legend>{t("approval.title")}</legend>
          {parameter(
            { ...GATE, about: t("about.approval") },
            ["approval"],
            asks || approval,
            wrong(["approval"], asks ? APPROVAL.map(keysOf) : []),
          )}
          {asks &&
            APPROVAL.map((spec) =>
              parameter({ ...spec, about: t(`approval.${last(spec.name)}` as "approval.message") }, keysOf(spec)),
            )}
        </fieldset>
        <fieldset>
          <legend>{t("matrix.title")}</legend>
          {axes.map((axis) => parameter({ ...field(axis, "items"), about: t("matrix.axis") }, ["matrix", axis]))}
          <Field label={t("matrix.add")} about={t("matrix.add_about")}>
            {({ id, ...described }) => (
              <Typed
                key={axes.join(" ")}
                id={id}
                said={described}
                isLong={false}
                shown=""
                hint="python: 3.12, 3.13"
                take={(line) => {
                  if (line.trim() !== "") edit((now) => addAxis(now, step.id, line));
                }}
              />
            )}
          </Field>
          {matrix !== null
            ? AROUND_AXES.map((spec) =>
                parameter({ ...spec, about: t(`matrix.${spec.name}` as "matrix.include") }, ["matrix", spec.name]),
              )
            : null}
        </fieldset>
      </div>
    </section>
  );
}

const keysOf = ({ name }: FieldSpec) => ["approval", ...name.split(".")];
const last = (name: string) => name.split(".").at(-1) ?? "";

type NeedsProps = Pick<StepFormProps, "step" | "drawing" | "edit"> & { wrong: string };

/** Whom it waits for: the same as the lines on the canvas, for the keyboard. */
function Needs({ step, drawing, wrong, edit }: NeedsProps) {
  const { t } = useTranslation("pipeline-editor");
  const mine = step.needs.map(({ name }) => name);
  const behind = useMemo(() => waitingFor(drawing, step.id), [drawing, step.id]);
  const possible = drawing.steps.filter(
    ({ id, section }) => !behind.has(id) && !mine.includes(id) && (section === "steps" || step.section === "finally"),
  );
  const groups = drawing.groups.filter((name) => name !== step.group && !mine.includes(name));
  const names = [...possible.map(({ id }) => id), ...groups];
  return (
    <Field label={t("form.needs")} wrong={wrong}>
      {({ id }) => (
        <div className={styles.needs}>
          {mine.map((name) => (
            <span key={name}>
              {name}
              <button
                type="button"
                aria-label={t("form.unneed", { step: name })}
                onClick={() => edit((now) => disconnect(now, name, step.id))}
              >
                <X size={12} aria-hidden />
              </button>
            </span>
          ))}
          <Choice
            id={id}
            value=""
            options={[{ value: "", label: t("form.add_need") }, ...names.map((name) => ({ value: name, label: name }))]}
            onChange={(name) => {
              if (name !== "") edit((now) => connect(now, name, step.id));
            }}
          />
        </div>
      )}
    </Field>
  );
}
