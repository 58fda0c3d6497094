import type { ApprovalBody } from "@/api/generated";
import { EXECUTION_LOOK, type Look, STEP_LOOK } from "@/lib/status";

/** A gate looks as its step would: it waits, was let through, was stopped, or ran out of time. */
export const LOOK: Record<ApprovalBody["status"], Look> = {
  pending: STEP_LOOK.waiting,
  approved: { ...STEP_LOOK.success, word: "approved" },
  rejected: { ...STEP_LOOK.failed, word: "rejected" },
  timeout: EXECUTION_LOOK.timeout,
};
