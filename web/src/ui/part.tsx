import { type ComponentType, type ReactNode, useEffect, useLayoutEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import styles from "./part.module.css";
import { Failure } from "./states";

interface Options {
  /** What stands in its place until it is there. */
  fallback?: ReactNode;
  /** It lies over the page, as a dialog does. */
  isOver?: boolean;
}

type Part<Props> = ComponentType<Props> & {
  /** Fetches it before it is wanted. What fails here is fetched when it is. */
  ahead: () => void;
};

/**
 * A part of a page that is fetched when it is wanted. Where it cannot be fetched it says so in its place, and the page
 * around it stays as it is. It is shown as soon as it is there: behind a `Suspense`, React holds back for 300 ms what
 * takes the place of a fallback.
 */
export function part<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  { fallback = null, isOver = false }: Options = {},
): Part<Props> {
  let Fetched: ComponentType<Props> | null = null;
  const fetched = async () => {
    Fetched = await load();
  };
  // biome-ignore lint/correctness/noComponentHookFactories: each is made once, at the level of its module, as with `lazy`
  function Shown(props: Props) {
    const [standing, setStanding] = useState<"wanted" | "here" | "missing">("wanted");
    useLayoutEffect(() => {
      if (Fetched !== null || standing !== "wanted") return;
      fetched().then(
        () => setStanding("here"),
        () => setStanding("missing"),
      );
    }, [standing]);
    if (Fetched !== null) return <Fetched {...props} />;
    return standing === "missing" ? <Missing isOver={isOver} again={() => setStanding("wanted")} /> : fallback;
  }
  return Object.assign(Shown, { ahead: () => void fetched().catch(() => undefined) });
}

const SOON = 1_000; // milliseconds until it is time, also where a browser has no rest, or does not tell of it

/** Fetches what may be wanted next, once there is nothing else to do: it is there when it is wanted. */
export function useAhead(...parts: readonly { ahead: () => void }[]): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: parts stand at the level of their module
  useEffect(() => {
    const fetch = () => {
      for (const { ahead } of parts) ahead();
    };
    if (window.requestIdleCallback === undefined) {
      const timer = setTimeout(fetch, SOON);
      return () => clearTimeout(timer);
    }
    const turn = requestIdleCallback(fetch, { timeout: SOON });
    return () => cancelIdleCallback(turn);
  }, []);
}

function Missing({ isOver, again }: { isOver: boolean; again: () => void }) {
  const { t } = useTranslation();
  return (
    <div className={isOver ? styles.over : styles.missing}>
      <Failure what={t("error.part")} error={{ message: t("error.part_why") }} again={again} />
      <Button onClick={() => window.location.reload()}>{t("error.reload")}</Button>
    </div>
  );
}
