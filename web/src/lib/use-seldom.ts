import { useEffect, useRef, useState } from "react";

/** The value, which changes once in so many milliseconds at most: a change that comes sooner is shown when they are over. */
export function useSeldom<Value>(value: Value, pause: number): Value {
  const [shown, setShown] = useState(value);
  const changed = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    if (value === shown) return;
    const change = () => {
      changed.current = performance.now();
      setShown(value);
    };
    const rest = changed.current + pause - performance.now();
    if (rest <= 0) return change();
    const timer = setTimeout(change, rest);
    return () => clearTimeout(timer);
  }, [value, shown, pause]);
  return shown;
}
