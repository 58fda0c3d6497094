import styles from "./choice.module.css";

interface ChoiceProps<T extends string> {
  /** For screen readers; with an `id` a label of the page does it. */
  label?: string;
  id?: string;
  value: T;
  options: readonly { readonly value: T; readonly label: string }[];
  onChange: (value: T) => void;
}

/** One of a few, as the browser shows it best: also on a phone and by keyboard. */
export function Choice<T extends string>({ label, id, value, options, onChange }: ChoiceProps<T>) {
  const choose = (chosen: string) => {
    const option = options.find((one) => one.value === chosen);
    if (option !== undefined) onChange(option.value);
  };
  return (
    <select
      id={id}
      aria-label={label}
      className={styles.choice}
      value={value}
      onChange={(event) => choose(event.target.value)}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
