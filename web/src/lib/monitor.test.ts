import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Line } from "./line";
import { AWAY, LEAST_PAUSE, Monitor } from "./monitor";

let line: Line & { closed: boolean };
let asked: number;
let answer: () => Promise<unknown>;
let monitor: Monitor;

beforeEach(() => {
  vi.useFakeTimers();
  asked = 0;
  answer = async () => undefined;
  const open = (address: () => string) => {
    expect(address()).toBe("/ws/monitor/");
    const close = () => {
      line.closed = true;
    };
    line = { closed: false, send: vi.fn(), reconnect: vi.fn(), close, onopen: null, onclose: null, onmessage: null };
    return line;
  };
  monitor = new Monitor(open, () => {
    asked += 1;
    return answer();
  });
});

afterEach(() => {
  monitor.close();
  vi.useRealTimers();
});

const hear = (type: string) => line.onmessage?.({ data: JSON.stringify({ type, data: {} }) });
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

test("while the line stands and nothing changes, nothing is asked for", async () => {
  line.onopen?.();
  hear("pong");
  hear("error");
  hear("something-of-a-later-release");
  await pass(10 * AWAY);
  expect(asked).toBe(0);
});

test("a clock that is set back holds nothing up", async () => {
  line.onopen?.();
  await pass(AWAY);
  vi.setSystemTime(Date.now() - 3_600_000);
  hear("execution_update");
  await pass(0);
  expect(asked).toBe(1);
});

test("a thousand changes in ten seconds are asked for once a second, and the last one is not forgotten", async () => {
  line.onopen?.();
  for (let change = 0; change < 1_000; change++) {
    hear(change % 2 === 0 ? "step_update" : "execution_update");
    await pass(10);
  }
  await pass(2 * LEAST_PAUSE);
  expect(asked).toBeGreaterThanOrEqual(10);
  expect(asked).toBeLessThanOrEqual(11);
  const before = asked;
  await pass(AWAY);
  expect(asked).toBe(before);
  hear("execution_update");
  await pass(0);
  expect(asked).toBe(before + 1); // after a rest, at once
});

test("what changes while an answer is on its way is asked for after it, and never beside it", async () => {
  let give: () => void = () => undefined;
  answer = () => new Promise<void>((done) => (give = done));
  line.onopen?.();
  hear("step_update");
  await pass(LEAST_PAUSE);
  expect(asked).toBe(1);
  hear("step_update");
  await pass(10 * LEAST_PAUSE);
  expect(asked).toBe(1);
  give();
  await pass(0);
  expect(asked).toBe(2);
  give();
  await pass(AWAY);
  expect(asked).toBe(2);
});

test("while the line is away it is asked slowly; when it is back, for what was missed", async () => {
  await pass(AWAY);
  expect(asked).toBe(1);
  line.onclose?.(); // a try that failed
  await pass(AWAY / 2);
  line.onclose?.();
  await pass(AWAY / 2);
  expect(asked).toBe(2);
  line.onopen?.();
  hear("snapshot");
  await pass(LEAST_PAUSE);
  expect(asked).toBe(3);
  await pass(4 * AWAY);
  expect(asked).toBe(3);
});

test("an answer that fails is asked for again like any other", async () => {
  answer = () => Promise.reject(new Error("the server restarts")).catch(() => undefined);
  await pass(3 * AWAY);
  expect(asked).toBe(3);
});

test("after its end it asks for nothing, and its line is closed", async () => {
  line.onopen?.();
  hear("step_update");
  monitor.close();
  line.onclose?.();
  await pass(10 * AWAY);
  expect(asked).toBe(0);
  expect(line.closed).toBe(true);
});
