import ReconnectingSocket from "partysocket/ws";

const FIRST_TRY = 250; // milliseconds
const LONGEST_WAIT = 5_000;

/** What the browser's socket, or one that comes back by itself, can do. */
export interface Line {
  send(text: string): void;
  reconnect(): void;
  close(): void;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
}

/** `address` is a path on this server; it is asked anew for each connection. */
export type Open = (address: () => string) => Line;

/** A line that comes back by itself. What was said while it was gone is lost: `onopen` says it anew. */
export const openLine: Open = (address) =>
  new ReconnectingSocket(() => `${origin()}${address()}`, [], {
    minReconnectionDelay: FIRST_TRY,
    maxReconnectionDelay: LONGEST_WAIT,
    maxEnqueuedMessages: 0,
  }) as unknown as Line;

function origin(): string {
  return window.location.origin.replace(/^http/, "ws");
}
