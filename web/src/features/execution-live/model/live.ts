import type { WholeExecutionBody } from "@/api/generated";
import type { Line, Open } from "@/lib/line";
import type { Bytes } from "./log-book";
import { applyFrame, type Frame, type View, viewOf } from "./view";

/** What came of one attempt's log. */
export interface LogPiece extends Bytes {
  readonly key: string;
  readonly attempt: number;
}

type Message = Frame | { type: "log_update"; data: LogPiece } | { type: "resync" | "pong" | "error"; seq?: never };

const FRAMES: ReadonlySet<string> = new Set(["snapshot", "execution_update", "step_update"] satisfies Frame["type"][]);

/** Where a log is followed from: asked again at each connection, so that nothing is lost or sent twice. */
export interface Following {
  readonly step: string;
  readonly attempt: number;
  readonly offset: () => number;
  readonly take: (piece: LogPiece) => void;
}

/**
 * One execution over the socket. It begins with what the API gave, goes on with numbered frames, and after a lost
 * connection with those behind the last one; a gap is mended by a fresh snapshot.
 */
export class Live {
  view: View;
  connected = false;
  private readonly line: Line;
  private following: Following | null = null;
  private wantsSnapshot = false;
  private readonly listeners = new Set<() => void>();

  /** `open` makes the line; it asks `address` again for each connection. */
  constructor(execution: WholeExecutionBody, open: Open) {
    this.view = viewOf(execution);
    this.line = open(() => this.address());
    this.line.onopen = () => {
      this.connected = true;
      this.subscribe();
      this.tell();
    };
    this.line.onclose = () => {
      this.connected = false;
      this.tell();
    };
    this.line.onmessage = ({ data }) => this.take(JSON.parse(data) as Message);
  }

  /** The log of one step's attempt from now on, instead of the one before. What it gives ends that. */
  follow(following: Following): () => void {
    this.change(following);
    return () => {
      if (this.following === following) this.change(null);
    };
  }

  private change(following: Following | null): void {
    this.following = following;
    if (this.connected) this.subscribe();
  }

  listen(tell: () => void): () => void {
    this.listeners.add(tell);
    return () => this.listeners.delete(tell);
  }

  close(): void {
    this.listeners.clear();
    this.line.close();
  }

  private address(): string {
    const after = this.wantsSnapshot ? "" : `?after=${this.view.seq}`;
    return `/ws/executions/${this.view.execution.id}/${after}`;
  }

  private subscribe(): void {
    const one = this.following;
    const logs = one === null ? false : { [one.step]: { attempt: one.attempt, offset: one.offset() } };
    const steps = one === null ? [] : [one.step];
    this.line.send(JSON.stringify({ type: "subscribe", data: { steps, logs } }));
  }

  /** After a `resync` the server sends a snapshot by itself. */
  private take(message: Message): void {
    if (message.type === "log_update") this.takeLog(message.data);
    else if (FRAMES.has(message.type)) this.takeFrame(message as Frame);
  }

  private takeFrame(frame: Frame): void {
    const before = this.view;
    this.view = applyFrame(before, frame);
    this.wantsSnapshot = this.view.gap;
    if (this.view.gap) this.line.reconnect();
    if (this.view !== before) this.tell();
  }

  private takeLog(piece: LogPiece): void {
    const one = this.following;
    if (one !== null && piece.key === one.step && piece.attempt === one.attempt) one.take(piece);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
