import { useEffect, useSyncExternalStore } from "react";
import { THEME, useKept } from "./kept";

const DARK = "(prefers-color-scheme: dark)";

/** What is shown now: the choice, or what the system likes. */
export function useTheme(): "light" | "dark" {
  const [choice] = useKept(THEME);
  const system = useSyncExternalStore(listen, () => (window.matchMedia(DARK).matches ? "dark" : "light"));
  const theme = choice === "system" ? system : choice;
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return theme;
}

function listen(tell: () => void): () => void {
  const query = window.matchMedia(DARK);
  query.addEventListener("change", tell);
  return () => query.removeEventListener("change", tell);
}
