import { renderHook } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { SINGLE_KEYS, write } from "./kept";
import { useKey, useShownKeys } from "./use-key";

let done: string[] = [];

afterEach(() => {
  done = [];
  document.body.replaceChildren();
  write(SINGLE_KEYS, "on");
});

/** A page on which each of these keys does something that can be told from the others. */
function page(...keys: string[]): void {
  for (const one of keys) renderHook(() => useKey(one, `says ${one}`, () => done.push(one)));
}

function press(key: string, { on = document.body as Element, at = 0, ...how }: Partial<Pressed> = {}): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...how });
  Object.defineProperty(event, "timeStamp", { value: at });
  return on.dispatchEvent(event);
}

interface Pressed extends KeyboardEventInit {
  on: Element;
  at: number;
}

function shown(html: string): Element {
  document.body.innerHTML = html;
  const element = document.body.firstElementChild as Element;
  element.getClientRects = () => [new DOMRect()] as unknown as DOMRectList; // nothing is laid out here
  return element;
}

test("the second key of two does nothing of its own", () => {
  page("g>r", "r", "w");
  press("g");
  press("r");
  press("g");
  press("w"); // leads nowhere
  expect(done).toEqual(["g>r"]);
  press("w");
  expect(done).toEqual(["g>r", "w"]);
});

test("the second key is waited for, but not for long, and a modifier is no key", () => {
  page("g>p", "p", "g>shift+p", "mod+k");
  press("g", { at: 0 });
  press("p", { at: 1_400 });
  press("g", { at: 2_000 });
  press("p", { at: 3_600 });
  press("g");
  press("Shift", { shiftKey: true });
  press("P", { shiftKey: true });
  press("g");
  press("k", { ctrlKey: true });
  press("p");
  expect(done).toEqual(["g>p", "p", "g>shift+p", "mod+k", "p"]);
});

test("an open dialog leaves the page its keys with mod alone", () => {
  page("r", "g>p", "?", "mod+k");
  const dialog = shown("<div role=dialog></div>");
  for (const key of ["r", "g", "p", "?"]) expect(press(key, { on: dialog })).toBe(true);
  expect(press("k", { on: dialog, metaKey: true })).toBe(false);
  expect(done).toEqual(["mod+k"]);
  dialog.getClientRects = () => [] as unknown as DOMRectList; // closed, and still in the page
  press("r");
  expect(done).toEqual(["mod+k", "r"]);
});

test("whoever types types", () => {
  page("r", "mod+s");
  for (const html of ["<input>", "<textarea></textarea>", "<select></select>", "<div contenteditable>x</div>"]) {
    press("r", { on: shown(html) });
  }
  press("s", { on: shown("<input>"), ctrlKey: true });
  expect(done).toEqual(["mod+s"]);
  press("r", { on: shown("<input type=radio>") }); // nobody types into it
  press("r", { isComposing: true });
  expect(done).toEqual(["mod+s", "r"]);
});

test("single letters can be switched off", () => {
  page("j", "?", "g>p", "mod+k");
  write(SINGLE_KEYS, "off");
  for (const key of ["j", "?", "g", "p"]) press(key);
  press("k", { ctrlKey: true });
  expect(done).toEqual(["mod+k"]);
});

test("a key is what it writes, with Shift and Alt as far as the keyboard needs them", () => {
  page("?", "[", "n", "shift+n", "mod+s");
  press("?", { shiftKey: true });
  press("[", { altKey: true });
  press("n");
  press("N", { shiftKey: true });
  press("N"); // Caps Lock
  expect(done).toEqual(["?", "[", "n", "shift+n", "n"]);
  press("n", { altKey: true });
  press("n", { ctrlKey: true });
  press("S", { ctrlKey: true, shiftKey: true });
  expect(done).toHaveLength(5);
});

test("of two with the same key the later one has it, and the sheet shows one", () => {
  const outer = renderHook(() => useKey("j", "outer", () => done.push("outer")));
  const inner = renderHook(() => useKey("j", "inner", () => done.push("inner")));
  const sheet = renderHook(() => useShownKeys().map(({ says }) => says));
  expect(sheet.result.current).toEqual(["inner"]);
  press("j");
  inner.unmount();
  sheet.rerender();
  expect(sheet.result.current).toEqual(["outer"]);
  press("j");
  outer.unmount();
  press("j");
  expect(done).toEqual(["inner", "outer"]);
});

test("a key that is switched off leaves it to others, and does what it would do now", () => {
  const { rerender } = renderHook(({ says, enabled }) => useKey("e", "fold", () => done.push(says), { enabled }), {
    initialProps: { says: "first", enabled: true },
  });
  rerender({ says: "second", enabled: true });
  press("e");
  rerender({ says: "third", enabled: false });
  expect(press("e")).toBe(true);
  expect(done).toEqual(["second"]);
});
