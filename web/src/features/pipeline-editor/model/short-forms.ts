import { isDict, type Value } from "./document/values";

/** Keys of a step whose value may be written without its map, and what it stands for then. */
const STANDS_FOR: Readonly<Record<string, string>> = { approval: "message", approvers: "users" };

/** Whether what stands at this key is a short form of the map that could stand there. */
export const isShort = (key: string, value: Value): boolean => key in STANDS_FOR && value !== null && !isDict(value);

/** Which key of the map a short form says; "" where it says none of them, as `approval: true` does. */
export const stoodFor = (key: string, value: Value): string =>
  typeof value === "boolean" ? "" : (STANDS_FOR[key] ?? "");

/** The map that a short form stands for. */
export function writtenOut(key: string, value: Value): Value {
  const name = stoodFor(key, value);
  return new Map(name === "" ? [] : [[name, value]]);
}

/** What a step says at these keys, however it is written. */
export function said(body: Value, keys: readonly string[]): Value {
  let value = body;
  for (const [depth, key] of keys.entries()) {
    const above = keys[depth - 1] ?? "";
    const holder = isShort(above, value) ? writtenOut(above, value) : value;
    value = isDict(holder) ? (holder.get(key) ?? null) : null;
  }
  return value;
}
