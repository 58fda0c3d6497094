import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lines } from "./line";

class Socket extends EventTarget {
  static readonly made: Socket[] = [];
  readyState = 0;
  constructor(readonly url: string) {
    super();
    Socket.made.push(this);
  }
  send() {}
  close() {}
  opens() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  ends(code: number) {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason: "", wasClean: true }));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  Socket.made.length = 0;
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Fails by its time where none comes. */
async function nextSocket(): Promise<Socket> {
  for (;;) {
    const socket = Socket.made.pop();
    if (socket !== undefined) return socket;
    await vi.advanceTimersByTimeAsync(50);
  }
}

test("a line that is closed as the session has ended says so once, and each comes back by itself", async () => {
  const ended = vi.fn();
  const line = lines(ended)(() => "/ws/monitor/");
  const heard = vi.fn();
  line.onclose = heard;
  for (const code of [1006, 1012, 4404, 4401]) {
    const socket = await nextSocket();
    expect(ended).not.toHaveBeenCalled();
    socket.opens();
    socket.ends(code);
    expect(heard).toHaveBeenLastCalledWith(expect.objectContaining({ code }));
  }
  expect(ended).toHaveBeenCalledOnce();
  await nextSocket();
  line.close();
});
