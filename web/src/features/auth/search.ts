import { type Raw, said, text } from "@/lib/search";

/** `next`: where the person wanted to go. Only a path of this app, never another site. */
export function parseSignIn(raw: Raw): { next?: string } {
  const next = text(raw.next);
  return said({ next: next !== undefined && isOurs(next) ? next : undefined });
}

function isOurs(path: string): boolean {
  return path.startsWith("/") && new URL(path, "http://here.invalid").host === "here.invalid";
}
