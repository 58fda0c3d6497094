import { useLocation, useRouter } from "@tanstack/react-router";
import { type InputEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKey } from "@/lib/use-key";
import { parentOf } from "./parent";

/**
 * `Esc` goes to the page that this one belongs to, as that was when it was left: a list with its filter. Not from a page
 * in whose form something was typed. What it gives hears of that.
 */
export function useBack(): (event: InputEvent<HTMLElement>) => void {
  const { t } = useTranslation();
  const router = useRouter();
  const { pathname: path, href } = useLocation();
  const left = useRef(new Map<string, string>());
  const [typedAt, setTypedAt] = useState("");
  useEffect(() => void left.current.set(path, href), [path, href]);
  const parent = parentOf(path);
  const back = () => {
    if (parent !== null) router.history.push(left.current.get(parent) ?? parent);
  };
  useKey("escape", t("keys.back"), back, { enabled: parent !== null && typedAt !== path });
  return ({ target }) => {
    if (target instanceof Element && target.closest("form") !== null) setTypedAt(path);
  };
}
