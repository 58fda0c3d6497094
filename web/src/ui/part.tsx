import { Component, type ComponentType, lazy, type ReactNode, Suspense, useState } from "react";
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

/**
 * A part of a page that is fetched when it is wanted. Where it cannot be fetched it says so in its place, and the page
 * around it stays as it is.
 */
export function part<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  { fallback = null, isOver = false }: Options = {},
): ComponentType<Props> {
  const fetched = () =>
    lazy(async () => {
      try {
        return { default: await load() };
      } catch (error) {
        throw new NotFetched(error);
      }
    });
  let Fetched = fetched();
  // biome-ignore lint/correctness/noComponentHookFactories: each is made once, at the level of its module, as with `lazy`
  return function Part(props: Props) {
    const [tries, setTries] = useState(0);
    const again = () => {
      Fetched = fetched(); // what has failed once stays failed
      setTries(tries + 1);
    };
    return (
      <Boundary key={tries} instead={<Missing isOver={isOver} again={again} />}>
        <Suspense fallback={fallback}>
          <Fetched {...props} />
        </Suspense>
      </Boundary>
    );
  };
}

class NotFetched extends Error {
  constructor(cause: unknown) {
    super("a part of the app was not fetched", { cause });
  }
}

interface BoundaryProps {
  instead: ReactNode;
  children: ReactNode;
}

/** What falls while it is drawn is not its own, and goes on to the page's net. */
class Boundary extends Component<BoundaryProps, { error?: unknown }> {
  override state: { error?: unknown } = {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    if (error instanceof NotFetched) return this.props.instead;
    throw error;
  }
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
