import { useLocation, useRouter } from "@tanstack/react-router";
import { type InputEvent, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useKey } from "@/lib/use-key";
import { parentOf } from "./parent";

/**
 * `Esc` goes to the page that this one belongs to, as that was when it was left: a list with its filter. Not while a form
 * is there in which something was typed. What it gives hears of that.
 */
export function useBack(): (event: InputEvent<HTMLElement>) => void {
  const { t } = useTranslation();
  const router = useRouter();
  const { pathname: path, href } = useLocation();
  const left = useRef(new Map<string, string>());
  const typedInto = useRef(new Set<Element>());
  useEffect(() => void left.current.set(path, href), [path, href]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has other forms
  useEffect(() => typedInto.current.clear(), [path]);
  const parent = parentOf(path);
  const back = () => {
    if (parent !== null && ![...typedInto.current].some((form) => form.isConnected))
      router.history.push(left.current.get(parent) ?? parent);
  };
  useKey("escape", t("keys.back"), back, { enabled: parent !== null });
  return ({ target }) => {
    const form = target instanceof Element ? target.closest("form") : null;
    if (form !== null) typedInto.current.add(form);
  };
}
