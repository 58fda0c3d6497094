import { quotedName } from "./refusal";

const CLOSE = 0.6;

/** `Did you mean …?`, or nothing when no known word is close: the same word that the server would name. */
export function nearest(word: string, known: Iterable<string>): string {
  if ([...word].length > 50) return "";
  const same = word.replaceAll("-", "_").toLowerCase();
  let best: { ratio: number; name: string } | undefined;
  for (const name of known) {
    const ratio = likeness([...name], [...same]);
    if (ratio < CLOSE) continue;
    if (best === undefined || ratio > best.ratio || (ratio === best.ratio && name > best.name)) best = { ratio, name };
  }
  return best === undefined ? "" : `Did you mean ${quotedName(best.name)}?`;
}

/** Ratcliff and Obershelp: twice what both have in common, by the length of both. */
function likeness(one: readonly string[], other: readonly string[]): number {
  const length = one.length + other.length;
  return length === 0 ? 1 : (2 * common(one, other, 0, one.length, 0, other.length)) / length;
}

function common(a: readonly string[], b: readonly string[], a0: number, a1: number, b0: number, b1: number): number {
  let [best, at, from] = [0, a0, b0];
  let runs = new Map<number, number>();
  for (let i = a0; i < a1; i++) {
    const next = new Map<number, number>();
    for (let j = b0; j < b1; j++) {
      if (a[i] !== b[j]) continue;
      const size = (runs.get(j - 1) ?? 0) + 1;
      next.set(j, size);
      if (size > best) [best, at, from] = [size, i - size + 1, j - size + 1];
    }
    runs = next;
  }
  if (best === 0) return 0;
  return best + common(a, b, a0, at, b0, from) + common(a, b, at + best, a1, from + best, b1);
}
