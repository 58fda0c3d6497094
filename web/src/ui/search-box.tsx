import { Search } from "lucide-react";
import type { Ref } from "react";
import styles from "./search-box.module.css";

interface SearchBoxProps {
  label: string;
  value: string;
  onChange: (words: string) => void;
  input?: Ref<HTMLInputElement>;
  /** In pixels; else as wide as there is room. */
  width?: number | undefined;
  small?: boolean;
}

/** Where words are typed that something is looked for by; Esc takes them back, and then leads out. */
export function SearchBox({ label, value, onChange, input, width, small = false }: SearchBoxProps) {
  return (
    <label className={styles.box} data-size={small ? "small" : undefined} style={{ width }}>
      <Search size={small ? 12 : 14} aria-hidden />
      <input
        ref={input}
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={({ key, currentTarget, nativeEvent }) => {
          if (key !== "Escape" || nativeEvent.isComposing) return;
          if (value === "") currentTarget.blur();
          else onChange("");
        }}
      />
    </label>
  );
}
