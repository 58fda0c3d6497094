import { useQuery } from "@tanstack/react-query";
import type { WholeExecutionBody } from "@/api/generated";
import { type Deed, may } from "@/lib/roles";
import { project } from "./api";

/** Whether the reader's role in the execution's project is enough for that; not until it is known. */
export function useMay(execution: WholeExecutionBody, deed: Deed): boolean {
  const within = useQuery(project(execution.project)).data;
  return within !== undefined && may(within, deed);
}
