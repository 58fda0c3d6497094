import { useEffect, useRef, useState } from "react";
import { fromLocal, toLocal } from "@/lib/time";
import { Input } from "./input";

const PAUSE = 600; // milliseconds: somebody may still be typing the year

interface MomentFieldProps {
  label: string;
  /** As an ISO moment; "" for none. */
  value: string;
  onChange: (moment: string) => void;
}

/** A day and a time, of here. What it gives is a moment, the same for everybody who is given the link. */
export function MomentField({ label, value, onChange }: MomentFieldProps) {
  const [typed, setTyped] = useState(toLocal(value));
  const change = useRef(onChange);
  change.current = onChange;
  useEffect(() => setTyped(toLocal(value)), [value]);
  useEffect(() => {
    if (typed === toLocal(value)) return; // in the hour that autumn repeats, two moments read the same
    const timer = setTimeout(() => change.current(fromLocal(typed)), PAUSE);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return (
    <Input
      type="datetime-local"
      aria-label={label}
      title={label}
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      style={{ width: 215 }}
    />
  );
}
