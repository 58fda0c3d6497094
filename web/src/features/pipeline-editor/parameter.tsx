import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import styles from "./editor.module.css";
import type { Value } from "./model/document/values";
import { type FieldSpec, shownIn, writtenFrom } from "./model/fields";

interface ParameterProps {
  label: string;
  spec: FieldSpec;
  value: Value;
  wrong: string;
  /** Sets it to what `say` says: `undefined` takes it away, a Refusal is shown. */
  set: (say: () => Value | undefined) => void;
  openText: () => void;
}

/** One field of the form. What it cannot say opens in the text, and stays as it is. */
export function Parameter({ label, spec, value, wrong, set, openText }: ParameterProps) {
  const { t } = useTranslation("pipeline-editor");
  const shown = shownIn(spec.kind, value);
  const take = (said: string) => {
    if (said !== (shown ?? "")) set(() => writtenFrom(spec.kind, said, value));
  };
  const name = spec.required ? `${label} *` : label;
  return (
    <Field label={name} wrong={wrong} about={spec.about}>
      {({ id, ...said }) => {
        if (shown === null || spec.kind === "in_text") {
          return (
            <div id={id} className={styles.inText}>
              <span className="muted">{value === null ? t("form.only_text") : t("form.in_text")}</span>
              <Button size="small" onClick={openText}>
                {t("form.open_text")}
              </Button>
            </div>
          );
        }
        const isExpression = shown.includes("${{");
        if ((spec.kind === "switch" || spec.kind === "choice") && !isExpression) {
          const named = spec.kind === "switch" ? ["true", "false"] : spec.options;
          const options = named.includes(shown) || shown === "" ? named : [shown, ...named];
          const left = spec.otherwise === "" ? t("form.left_out") : t("form.otherwise", { value: spec.otherwise });
          return (
            <Choice
              id={id}
              value={shown}
              onChange={take}
              options={[{ value: "", label: left }, ...options.map((one) => ({ value: one, label: one }))]}
            />
          );
        }
        if (spec.kind === "choices" && !isExpression) {
          return <Several id={id} label={label} options={spec.options} shown={shown} take={take} />;
        }
        const isLong = ["long", "list", "items"].includes(spec.kind) || shown.includes("\n");
        return <Typed id={id} said={said} isLong={isLong} shown={shown} hint={spec.otherwise} take={take} />;
      }}
    </Field>
  );
}

interface SeveralProps {
  id: string;
  label: string;
  options: readonly string[];
  shown: string;
  take: (said: string) => void;
}

function Several({ id, label, options, shown, take }: SeveralProps) {
  const chosen = shown === "" ? [] : shown.split("\n");
  const all = [...options, ...chosen.filter((one) => !options.includes(one))];
  return (
    <fieldset id={id} className={styles.several} aria-label={label}>
      {all.map((option) => (
        <label key={option}>
          <input
            type="checkbox"
            checked={chosen.includes(option)}
            onChange={({ target }) => {
              const rest = chosen.filter((one) => one !== option);
              take((target.checked ? [...rest, option] : rest).join("\n"));
            }}
          />
          {option}
        </label>
      ))}
    </fieldset>
  );
}

interface TypedProps {
  id: string;
  said: { "aria-describedby": string | undefined; "aria-invalid": boolean };
  isLong: boolean;
  shown: string;
  hint: string;
  take: (said: string) => void;
}

/** What is typed counts when one is done with it: with Enter, or by leaving. Escape takes it back. */
export function Typed({ id, said, isLong, shown, hint, take }: TypedProps) {
  const [typed, setTyped] = useState(shown);
  useEffect(() => setTyped(shown), [shown]);
  const common = {
    id,
    ...said,
    className: styles.typed,
    value: typed,
    placeholder: hint,
    spellCheck: false,
    onBlur: () => take(typed),
  };
  if (isLong) {
    return (
      <textarea
        {...common}
        rows={Math.min(Math.max(typed.split("\n").length, 2), 8)}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setTyped(shown);
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) take(typed);
        }}
      />
    );
  }
  return (
    <input
      {...common}
      onChange={({ target }) => setTyped(target.value)}
      onKeyDown={(event) => {
        if (event.key === "Escape") setTyped(shown);
        if (event.key === "Enter") take(typed);
      }}
    />
  );
}
