import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { WholeExecutionBody } from "@/api/generated";
import { lookAtSession } from "@/api/session";
import { lines } from "@/lib/line";
import { Live } from "./model/live";

interface Shown {
  readonly live: Live | null;
  readonly execution: WholeExecutionBody;
  /** Whether what is shown is what is so now. */
  readonly connected: boolean;
}

const PAUSE = 50; // milliseconds between two drawings: of a thousand steps many end within the time that one takes

/** The execution as the socket tells it, beginning with what the API gave. Changes that come together are shown together. */
export function useLive(given: WholeExecutionBody): Shown {
  const [shown, setShown] = useState<Shown>({ live: null, execution: given, connected: false });
  const queries = useQueryClient();
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the API gives later is older than what the socket says
  useEffect(() => {
    const live = new Live(
      given,
      lines(() => lookAtSession(queries)),
    );
    let timer = 0;
    let drawn = 0;
    const show = () => {
      timer = 0;
      drawn = performance.now();
      setShown({ live, execution: live.view.execution, connected: live.connected });
    };
    live.listen(() => {
      timer ||= window.setTimeout(show, drawn + PAUSE - performance.now());
    });
    show();
    return () => {
      clearTimeout(timer);
      live.close();
    };
  }, [given.id]);
  return shown.execution.id === given.id ? shown : { live: null, execution: given, connected: false };
}
