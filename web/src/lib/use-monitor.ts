import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { lookAtSession } from "@/api/session";
import { lines } from "./line";
import { Monitor } from "./monitor";

/** The `meta` of a query whose answer moves on with executions. */
export const MOVING = { moving: true };

/** Keeps the queries of this page that say MOVING up to date. A page that nobody sees asks when it is seen again. */
export function useMonitor(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const ask = () =>
      queries.invalidateQueries({
        predicate: ({ meta }) => meta?.moving === true,
        refetchType: document.hidden ? "none" : "active",
      });
    const monitor = new Monitor(
      lines(() => lookAtSession(queries)),
      ask,
    );
    return () => monitor.close();
  }, [queries]);
}
