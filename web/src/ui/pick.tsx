import type { ComponentProps } from "react";
import styles from "./choice.module.css";

interface PickProps extends ComponentProps<"select"> {
  options: readonly { readonly value: string; readonly label: string }[];
}

/** One of a few, in a form that reads its controls when it is sent. */
export function Pick({ options, ...rest }: PickProps) {
  return (
    <select {...rest} className={styles.choice}>
      {options.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}
