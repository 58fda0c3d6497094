import type { WholeExecutionBody } from "@/api/generated";
import { useSeldom } from "@/lib/use-seldom";

const SECOND = 1_000;

/** The number of the newest event, for what is asked for again after each: where many come, once a second. */
export function useSeq(execution: WholeExecutionBody): number {
  return useSeldom(execution.seq, SECOND);
}
