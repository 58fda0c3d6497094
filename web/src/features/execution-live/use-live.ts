import { useEffect, useState } from "react";
import type { WholeExecutionBody } from "@/api/generated";
import { openLine } from "@/lib/line";
import { Live } from "./model/live";

interface Shown {
  readonly live: Live | null;
  readonly execution: WholeExecutionBody;
  /** Whether what is shown is what is so now. */
  readonly connected: boolean;
}

/** The execution as the socket tells it, beginning with what the API gave. Changes within one frame are shown together. */
export function useLive(given: WholeExecutionBody): Shown {
  const [shown, setShown] = useState<Shown>({ live: null, execution: given, connected: false });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the API gives later is older than what the socket says
  useEffect(() => {
    const live = new Live(given, openLine);
    let frame = 0;
    const show = () => {
      frame = 0;
      setShown({ live, execution: live.view.execution, connected: live.connected });
    };
    live.listen(() => {
      frame ||= requestAnimationFrame(show);
    });
    show();
    return () => {
      cancelAnimationFrame(frame);
      live.close();
    };
  }, [given.id]);
  return shown.execution.id === given.id ? shown : { live: null, execution: given, connected: false };
}
