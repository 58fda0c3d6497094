import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKey } from "@/lib/use-key";
import { SearchBox } from "./search-box";

const PAUSE = 250; // milliseconds without a key after which the words are looked for

interface SearchFieldProps {
  label: string;
  value: string;
  onSearch: (words: string) => void;
  width?: number;
  small?: boolean;
  /** Of several on one page, one has the key. */
  hasKey?: boolean;
}

/** Looks for what is typed once it rests. `/` leads here; `Esc` empties it, and then leads out. */
export function SearchField({ label, value, onSearch, width = 240, small = false, hasKey = true }: SearchFieldProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  const search = useRef(onSearch);
  search.current = onSearch;
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => search.current(typed.trim()), PAUSE);
    return () => clearTimeout(timer);
  }, [typed, value]);
  useKey("/", t("keys.search"), () => input.current?.focus(), { enabled: hasKey });
  return <SearchBox input={input} label={label} value={typed} onChange={setTyped} width={width} small={small} />;
}
