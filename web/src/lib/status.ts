import {
  Ban,
  CircleAlert,
  CircleCheck,
  CircleDot,
  CircleX,
  Clock,
  Hand,
  type LucideIcon,
  OctagonX,
  SkipForward,
  TimerOff,
} from "lucide-react";
import type { LastExecution, ListedExecutionBody, StepExecutionBody } from "@/api/generated";

export type StepStatus = StepExecutionBody["status"];
export type ExecutionStatus = ListedExecutionBody["status"];
export type Tone = "idle" | "waiting" | "running" | "good" | "bad" | "broken" | "off" | "faint" | "warned";

/** How a status looks everywhere: `word` is a key of the namespace `status`, `final` says that it will not change. */
export interface Look {
  readonly word:
    | "pending"
    | "waiting"
    | "running"
    | "success"
    | "failed"
    | "error"
    | "cancelled"
    | "skipped"
    | "allowed"
    | "timeout"
    | "approved"
    | "rejected";
  readonly icon: LucideIcon;
  readonly tone: Tone;
  readonly final: boolean;
}

const ERROR: Look = { word: "error", icon: OctagonX, tone: "broken", final: true };
const ALLOWED: Look = { word: "allowed", icon: CircleAlert, tone: "warned", final: true };

export const STEP_LOOK: Record<StepStatus, Look> = {
  pending: { word: "pending", icon: Clock, tone: "idle", final: false },
  waiting: { word: "waiting", icon: Hand, tone: "waiting", final: false },
  running: { word: "running", icon: CircleDot, tone: "running", final: false },
  success: { word: "success", icon: CircleCheck, tone: "good", final: true },
  failed: { word: "failed", icon: CircleX, tone: "bad", final: true },
  cancelled: { word: "cancelled", icon: Ban, tone: "off", final: true },
  skipped: { word: "skipped", icon: SkipForward, tone: "faint", final: true },
};

export const EXECUTION_LOOK: Record<ExecutionStatus, Look> = {
  pending: STEP_LOOK.pending,
  running: STEP_LOOK.running,
  success: STEP_LOOK.success,
  failed: STEP_LOOK.failed,
  cancelled: STEP_LOOK.cancelled,
  timeout: { word: "timeout", icon: TimerOff, tone: "bad", final: true },
};

export const EXECUTION_STATUSES = Object.keys(EXECUTION_LOOK) as readonly ExecutionStatus[];

/** Our own faults, apart from those of the step's command. */
const OURS = new Set(["worker_lost", "poisoned", "internal_error"]);

export function lookOfStep(step: Pick<StepExecutionBody, "status" | "reason" | "allowed_failure">): Look {
  if (step.status !== "failed") return STEP_LOOK[step.status];
  if (OURS.has(step.reason)) return ERROR;
  return step.allowed_failure ? ALLOWED : STEP_LOOK.failed;
}

type Standing = Pick<ListedExecutionBody, "status" | "reason"> &
  Partial<Pick<ListedExecutionBody, "counts">> &
  Partial<Pick<LastExecution, "waits">>;

/** One that runs on paper, while all that it could do waits for people, is said to wait. */
export function lookOfExecution({ status, reason, counts = {}, waits }: Standing): Look {
  if (status === "failed" && OURS.has(reason)) return ERROR;
  const { waiting = 0, running = 0 } = counts;
  const isWaiting = waits ?? (waiting > 0 && running === 0);
  return status === "running" && isWaiting ? STEP_LOOK.waiting : EXECUTION_LOOK[status];
}
