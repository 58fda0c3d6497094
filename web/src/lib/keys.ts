import { read, SINGLE_KEYS } from "./kept";

/** A key that does something on the page that is shown now. `says` is what the `?` sheet says about it. */
export interface Bound {
  readonly keys: string;
  readonly says: string;
  readonly act: () => void;
}

const SOON = 1_500; // milliseconds in which the second of two keys is waited for
const TYPED_INTO =
  "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]:not([contenteditable=false])";

let bound: readonly Bound[] = [];
let pressable: readonly Bound[] = [];
let before: { readonly key: string; readonly at: number } | null = null; // the first key of two
const listeners = new Set<() => void>();

/** Of two that want the same keys, the one that came last has them. */
export function bind(one: Bound): () => void {
  change([...bound, one]);
  return () => change(bound.filter((other) => other !== one));
}

/** What does something when it is pressed now. */
export function pressableKeys(): readonly Bound[] {
  return pressable;
}

export function listen(tell: () => void): () => void {
  listeners.add(tell);
  return () => listeners.delete(tell);
}

function change(now: readonly Bound[]): void {
  if (bound.length === 0) document.addEventListener("keydown", press);
  if (now.length === 0) document.removeEventListener("keydown", press);
  bound = now;
  pressable = now.filter((one) => one === winner(one.keys));
  for (const tell of listeners) tell();
}

/** The only one that hears keys: so each press does one thing at most, and the second key of two nothing of its own. */
function press(event: KeyboardEvent): void {
  const key = keyOf(event);
  if (key === null) return;
  const first = before !== null && event.timeStamp - before.at < SOON ? before.key : null;
  before = null;
  const isMod = key.startsWith("mod+");
  if (!isMod && isSilent(event)) return;
  const keys = first === null || isMod ? key : `${first}>${key}`;
  const found = winner(keys);
  if (found !== undefined) {
    event.preventDefault();
    found.act();
  } else if (first === null && pressable.some((one) => one.keys.startsWith(`${key}>`))) {
    before = { key, at: event.timeStamp };
  }
}

function winner(keys: string): Bound | undefined {
  return bound.findLast((one) => one.keys === keys);
}

/** "j", "shift+n", "?", "mod+k"; null for what nothing is bound to: a modifier alone, Alt with a letter, an input method. */
function keyOf(event: KeyboardEvent): string | null {
  if (event.isComposing || MODIFIERS.has(event.key)) return null;
  const key = event.key.toLowerCase();
  const isLetter = key !== event.key.toUpperCase(); // what is no letter needs Shift or AltGr on some keyboards
  if (event.altKey && isLetter) return null;
  if (event.getModifierState("AltGraph")) return key;
  if (event.ctrlKey || event.metaKey) return event.shiftKey || event.altKey ? null : `mod+${key}`;
  return event.shiftKey && isLetter ? `shift+${key}` : key;
}

const MODIFIERS: ReadonlySet<string> = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "CapsLock"]);

/** While somebody types or is asked something, and where single letters are switched off (WCAG 2.1.4). */
function isSilent({ target }: KeyboardEvent): boolean {
  if (read(SINGLE_KEYS) === "off") return true;
  if (target instanceof Element && target.closest(TYPED_INTO) !== null) return true;
  return [...document.querySelectorAll("[role=dialog]")].some((dialog) => dialog.getClientRects().length > 0);
}
