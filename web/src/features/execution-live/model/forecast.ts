/** What executions of the same pipeline have taken: the median of so many. */
export interface Measured {
  readonly median: number | null;
  readonly of: number;
}

const FEWEST = 3; // of which a median says something

export type Forecast =
  | { readonly kind: "left"; readonly seconds: number; readonly usual: number }
  | { readonly kind: "late"; readonly seconds: number; readonly usual: number };

/** How long it will go on, if it goes as it usually does. null where too little has been measured to say so. */
export function forecast({ median, of }: Measured, started_at: string | null, now: number): Forecast | null {
  if (median === null || of < FEWEST || started_at === null) return null;
  const left = median - Math.max(0, (now - Date.parse(started_at)) / 1000);
  return left >= 0 ? { kind: "left", seconds: left, usual: median } : { kind: "late", seconds: -left, usual: median };
}
