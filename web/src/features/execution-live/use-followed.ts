import { useRef } from "react";
import type { StepExecutionBody } from "@/api/generated";
import { useSeldom } from "@/lib/use-seldom";
import { nextToFollow } from "./model/follow";

const LOOK = 1_000; // milliseconds that a step is shown at least: one sees nothing of those that fly past

/** Whom somebody sees who follows the whole execution. While nobody does, whom he saw last. */
export function useFollowed(steps: readonly StepExecutionBody[], follows: boolean): string | undefined {
  const shown = useRef<string>(undefined);
  shown.current = useSeldom(follows ? nextToFollow(steps, shown.current) : shown.current, LOOK);
  return shown.current;
}
