import { CircleCheck, CircleHelp, CircleX, KeyRound, type LucideIcon, PlugZap } from "lucide-react";
import type { ToolBody } from "@/api/generated";
import type { Tone } from "@/lib/status";

export type Health = ToolBody["status"];

/** What the last check found. Before the first one nothing is known, and it looks so. */
export const HEALTH: Record<Health, { readonly icon: LucideIcon; readonly tone: Tone }> = {
  authenticated: { icon: CircleCheck, tone: "good" },
  needs_auth: { icon: KeyRound, tone: "waiting" },
  offline: { icon: PlugZap, tone: "bad" },
  error: { icon: CircleX, tone: "bad" },
  unknown: { icon: CircleHelp, tone: "idle" },
};
