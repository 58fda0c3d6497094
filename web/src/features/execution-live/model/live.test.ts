import { expect, test } from "vitest";
import type { WholeExecutionBody } from "@/api/generated";
import type { Line } from "@/lib/line";
import { Live, type LogPiece } from "./live";

class Wire implements Line {
  sent: unknown[] = [];
  addresses: string[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  address: () => string;

  constructor(address: () => string) {
    this.address = address;
  }
  connect() {
    this.addresses.push(this.address());
    this.onopen?.();
  }
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  reconnect() {
    this.onclose?.();
    this.connect();
  }
  close() {}
  says(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const EXECUTION = {
  id: 7,
  seq: 3,
  status: "running",
  step_executions: [{ key: "a", status: "running" }],
} as unknown as WholeExecutionBody;

function connected(): { live: Live; wire: Wire } {
  let wire: Wire | undefined;
  const live = new Live(EXECUTION, (address) => {
    wire = new Wire(address);
    return wire;
  });
  if (wire === undefined) throw new Error("no line was opened");
  wire.connect();
  return { live, wire };
}

const ended = (seq: number) => ({ type: "step_update", seq, data: { execution_id: 7, key: "a", status: "success" } });

test("it goes on behind what is shown, also after the line was lost", () => {
  const { live, wire } = connected();
  wire.says(ended(4));
  wire.reconnect();
  expect(wire.addresses).toEqual(["/ws/executions/7/?after=3", "/ws/executions/7/?after=4"]);
  expect(live.view.execution.step_executions[0]?.status).toBe("success");
});

test("a gap is mended by a snapshot", () => {
  const { live, wire } = connected();
  wire.says(ended(6));
  expect(wire.addresses.at(-1)).toBe("/ws/executions/7/");
  wire.says({ type: "snapshot", seq: 6, data: { ...EXECUTION, seq: 6, status: "success" } });
  expect([live.view.seq, live.view.gap, live.view.execution.status]).toEqual([6, false, "success"]);
  wire.reconnect();
  expect(wire.addresses.at(-1)).toBe("/ws/executions/7/?after=6");
});

test("a log is followed from where it is known, at each connection anew", () => {
  const { live, wire } = connected();
  const taken: LogPiece[] = [];
  let length = 10;
  const following = { from: () => ({ a: { attempt: 2, offset: length } }), take: (one: LogPiece) => taken.push(one) };
  const end = live.follow(following);
  length = 25;
  wire.reconnect();
  const subscribed = (offset: number) => ({
    type: "subscribe",
    data: { steps: ["a"], logs: { a: { attempt: 2, offset } } },
  });
  expect(wire.sent.slice(-2)).toEqual([subscribed(10), subscribed(25)]);
  const piece = { key: "a", attempt: 2, offset: 25, end: 26, text: "x" };
  wire.says({ type: "log_update", data: piece });
  length = 26;
  live.again(following);
  expect(wire.sent.at(-1)).toEqual(subscribed(26));
  end();
  wire.says({ type: "log_update", data: piece });
  live.again(following);
  expect(taken).toEqual([piece]);
  expect(wire.sent.at(-1)).toEqual({ type: "subscribe", data: { steps: [], logs: false } });
});

test("whoever listens hears of changes and of the line, and of nothing else", () => {
  const { live, wire } = connected();
  let heard = 0;
  live.listen(() => {
    heard += 1;
  });
  wire.says(ended(3));
  wire.says({ type: "pong", data: {} });
  wire.says({ type: "log_update", data: { key: "a", attempt: 1, offset: 0, end: 1, text: "x" } });
  expect(heard).toBe(0);
  wire.says(ended(4));
  wire.onclose?.();
  expect([heard, live.connected]).toEqual([2, false]);
});
