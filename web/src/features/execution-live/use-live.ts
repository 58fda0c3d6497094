import ReconnectingSocket from "partysocket/ws";
import { useEffect, useState } from "react";
import type { WholeExecutionBody } from "@/api/generated";
import { type Line, Live } from "./model/live";

const FIRST_TRY = 250; // milliseconds
const LONGEST_WAIT = 5_000;

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
    const live = new Live(given, open);
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

function open(address: () => string): Line {
  return new ReconnectingSocket(() => `${origin()}${address()}`, [], {
    minReconnectionDelay: FIRST_TRY,
    maxReconnectionDelay: LONGEST_WAIT,
    maxEnqueuedMessages: 0, // what was said to a line that is gone is said anew by `onopen`
  }) as unknown as Line;
}

function origin(): string {
  return window.location.origin.replace(/^http/, "ws");
}
