import { useId } from "react";
import styles from "./segmented.module.css";

interface SegmentedProps<T extends string> {
  value: T;
  options: readonly { readonly value: T; readonly label: string }[];
  onChange: (value: T) => void;
  size?: "small";
  "aria-label"?: string;
}

/** One of a few, all of which are seen; to a keyboard they are what they look like: one choice, walked by arrows. */
export function Segmented<T extends string>({ value, options, onChange, size, ...more }: SegmentedProps<T>) {
  const name = useId();
  return (
    <div role="radiogroup" className={styles.segmented} data-size={size} {...more}>
      {options.map((one) => (
        <label key={one.value}>
          <input type="radio" name={name} checked={one.value === value} onChange={() => onChange(one.value)} />
          {one.label}
        </label>
      ))}
    </div>
  );
}
