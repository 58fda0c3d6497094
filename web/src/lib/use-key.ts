import { useEffect, useSyncExternalStore } from "react";
import { useHotkeys } from "react-hotkeys-hook";
import { SINGLE_KEYS, useKept } from "./kept";

/** A key that does something on the page that is shown now: what the `?` sheet lists. */
export interface Shown {
  readonly keys: string;
  readonly says: string;
}

let shown: readonly Shown[] = [];
const listeners = new Set<() => void>();

/**
 * `keys` as in react-hotkeys-hook: "j", "shift+n", "g>p" (one after the other), "mod+k" (⌘ or Ctrl). Silent while somebody
 * types, and single letters also when they are switched off. `says` is what the sheet says about it.
 */
export function useKey(keys: string, says: string, act: () => void, { enabled = true } = {}): void {
  const [single] = useKept(SINGLE_KEYS);
  const needsMod = keys.includes("mod+");
  const works = enabled && (needsMod || single === "on");
  useHotkeys(
    keys,
    () => act(),
    {
      enabled: works,
      useKey: true,
      preventDefault: true,
      enableOnFormTags: needsMod,
      enableOnContentEditable: needsMod,
    },
    [act, works],
  );
  useEffect(() => {
    if (!enabled) return;
    const mine = { keys, says };
    change([...shown, mine]);
    return () => change(shown.filter((one) => one !== mine));
  }, [keys, says, enabled]);
}

export function useShownKeys(): readonly Shown[] {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => shown,
  );
}

function change(now: readonly Shown[]): void {
  shown = now;
  for (const tell of listeners) tell();
}
