import type { TokenBody } from "@/api/generated";

export const SCOPES = [
  "read",
  "run",
  "write",
  "approve",
  "admin",
] as const satisfies readonly TokenBody["scopes"][number][];

/** How long a token may live; "" is until it is ended. */
export const LIVES = ["7", "30", "90", "365", ""] as const;

export type TokenState = "good" | "ended" | "expired";

/** Whether a token still opens anything. */
export function stateOf(
  { revoked_at, expires_at }: Pick<TokenBody, "revoked_at" | "expires_at">,
  now: number,
): TokenState {
  if (revoked_at !== null) return "ended";
  return expires_at !== null && Date.parse(expires_at) <= now ? "expired" : "good";
}
