import ReconnectingSocket from "partysocket/ws";

const FIRST_TRY = 250; // milliseconds
const LONGEST_WAIT = 5_000;
const SESSION_ENDED = 4401; // with this code the server closes a line

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

/**
 * Lines that come back by themselves. What was said while one was gone is lost: `onopen` says it anew. `whenEnded` is
 * called where the server closes one since its session has ended: a page that only listens would not notice.
 */
export function lines(whenEnded: () => void): Open {
  return (address) => {
    const socket = new ReconnectingSocket(() => `${origin()}${address()}`, [], {
      minReconnectionDelay: FIRST_TRY,
      maxReconnectionDelay: LONGEST_WAIT,
      maxEnqueuedMessages: 0,
    });
    socket.addEventListener("close", ({ code }) => {
      if (code === SESSION_ENDED) whenEnded();
    });
    return socket as unknown as Line;
  };
}

function origin(): string {
  return window.location.origin.replace(/^http/, "ws");
}
