import { useQuery } from "@tanstack/react-query";
import type { WholeExecutionBody } from "@/api/generated";
import { type Rest, restOf } from "@/lib/rests";
import { type Deed, may } from "@/lib/roles";
import { pipeline, project } from "./api";

/** Whether the reader's role in the execution's project is enough for that; not until it is known. */
export function useMay(execution: WholeExecutionBody, deed: Deed): boolean {
  const within = useQuery(project(execution.project)).data;
  return within !== undefined && may(within, deed);
}

/** Whether the reader may run it again, and why nobody can, which is told to those who otherwise may. */
export function useMayRun(execution: WholeExecutionBody): { mayRun: boolean; rests: Rest | null } {
  const within = useQuery(project(execution.project)).data;
  const of = useQuery(pipeline(execution.pipeline)).data;
  if (within === undefined || of === undefined || !may({ ...within, archived_at: null }, "execution.run"))
    return { mayRun: false, rests: null };
  const rests = restOf(of, within);
  return { mayRun: rests === null, rests };
}
