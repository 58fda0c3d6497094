import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

/** A choice of this browser, kept over visits. What is stored and not one of `values` counts as the first of them. */
export interface Kept<T extends string> {
  readonly key: string;
  readonly values: readonly [T, ...T[]];
}

export const THEME: Kept<"system" | "light" | "dark"> = { key: "ansflow.theme", values: ["system", "light", "dark"] };
export const SINGLE_KEYS: Kept<"on" | "off"> = { key: "ansflow.keys", values: ["on", "off"] };

export function read<T extends string>({ key, values }: Kept<T>): T {
  const stored = fromStorage(key);
  return values.find((value) => value === stored) ?? values[0];
}

export function write<T extends string>({ key }: Kept<T>, value: T): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return; // a browser that keeps nothing: the choice lasts as long as it is not asked for again
  }
  for (const tell of listeners) tell();
}

export function useKept<T extends string>(kept: Kept<T>): [T, (value: T) => void] {
  const value = useSyncExternalStore(listen, () => read(kept));
  return [value, (chosen) => write(kept, chosen)];
}

function fromStorage(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function listen(tell: () => void): () => void {
  listeners.add(tell);
  window.addEventListener("storage", tell); // another tab
  return () => {
    listeners.delete(tell);
    window.removeEventListener("storage", tell);
  };
}
