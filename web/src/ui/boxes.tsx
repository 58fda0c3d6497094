import type { ReactNode } from "react";
import styles from "./form.module.css";

interface BoxProps {
  name: string;
  label: ReactNode;
  about?: string;
  value?: string;
  ticked?: boolean;
}

/** One thing that holds or does not. */
export function Box({ name, label, about, value = "on", ticked = false }: BoxProps) {
  return (
    <label className={styles.box}>
      <input type="checkbox" name={name} value={value} defaultChecked={ticked} />
      <span>
        {label}
        {about === undefined ? null : <span className="muted"> {about}</span>}
      </span>
    </label>
  );
}

interface BoxesProps {
  legend: string;
  name: string;
  options: readonly { readonly value: string; readonly label: ReactNode; readonly about?: string }[];
  ticked?: readonly string[];
  wrong?: string;
  about?: string;
  none?: string;
}

/** Any number of a few. */
export function Boxes({ legend, name, options, ticked = [], wrong = "", about, none }: BoxesProps) {
  return (
    <fieldset className={styles.boxes}>
      <legend>{legend}</legend>
      {options.length === 0 && none !== undefined ? <p className="muted">{none}</p> : null}
      <div className={styles.rows}>
        {options.map((option) => (
          <Box key={option.value} name={name} {...option} ticked={ticked.includes(option.value)} />
        ))}
      </div>
      {wrong !== "" ? (
        <p role="alert" className={styles.wrong}>
          {wrong}
        </p>
      ) : about !== undefined ? (
        <p className="muted">{about}</p>
      ) : null}
    </fieldset>
  );
}
