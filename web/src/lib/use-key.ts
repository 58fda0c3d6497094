import { useEffect, useRef, useSyncExternalStore } from "react";
import { type Bound, bind, listen, pressableKeys } from "./keys";

/**
 * `keys` as in "j", "shift+n", "g>p" (one after the other), "mod+k" (⌘ or Ctrl). `says` is what the sheet says about it.
 * All but those with `mod` are silent while somebody types or a dialog is open, and when single letters are switched off.
 */
export function useKey(keys: string, says: string, act: () => void, { enabled = true } = {}): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => (enabled ? bind({ keys, says, act: () => latest.current() }) : undefined), [keys, says, enabled]);
}

export function useShownKeys(): readonly Bound[] {
  return useSyncExternalStore(listen, pressableKeys);
}
