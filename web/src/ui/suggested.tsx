import { type ComponentProps, useId } from "react";
import { Input } from "./input";

export interface Suggestion {
  readonly value: string;
  /** Shown beside it. */
  readonly label?: string;
}

/** A text of one's own, with what there is to choose from. */
export function Suggested({ from, ...rest }: ComponentProps<typeof Input> & { from: readonly Suggestion[] }) {
  const list = useId();
  return (
    <>
      <Input {...rest} list={list} autoComplete="off" spellCheck={false} />
      <datalist id={list}>
        {from.map(({ value, label }) => (
          <option key={value} value={value} label={label} />
        ))}
      </datalist>
    </>
  );
}
