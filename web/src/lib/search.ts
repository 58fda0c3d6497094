/** Reads of a query string, as it came: what does not fit is left out, never guessed. */
export type Raw = Readonly<Record<string, unknown>>;

export function wholeNumber(raw: unknown): number | undefined {
  const number = typeof raw === "string" ? Number(raw) : raw;
  return typeof number === "number" && Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

export function text(raw: unknown): string | undefined {
  if (typeof raw === "number") return String(raw); // the router reads `?branch=12` as a number
  return typeof raw === "string" && raw !== "" ? raw : undefined;
}

/** `2026-11-30T08:11Z`. */
export function moment(raw: unknown): string | undefined {
  return typeof raw === "string" && MOMENT.test(raw) && !Number.isNaN(Date.parse(raw)) ? raw : undefined;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/;

export function oneOf<T extends string>(raw: unknown, values: readonly T[]): T | undefined {
  return values.find((value) => value === raw);
}

/** `?regex=true`; anything else says nothing. */
export function flag(raw: unknown): true | undefined {
  return raw === true || raw === "true" ? true : undefined;
}

/** Without the keys that say nothing, so that they leave the address. */
export function said<T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept = Object.entries(search).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
