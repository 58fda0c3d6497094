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

/** From which byte of which attempt on the log of a step is wanted; the attempts after it follow by themselves. */
export interface From {
  readonly attempt: number;
  readonly offset: number;
}

/** Whose logs are followed, by step: asked again at each connection, so that nothing is lost or sent twice. */
export interface Following {
  readonly from: () => Readonly<Record<string, From>>;
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

  /** These logs from now on, instead of those before. What it gives ends that. */
  follow(following: Following): () => void {
    this.change(following);
    return () => {
      if (this.following === following) this.change(null);
    };
  }

  /** What is followed wants to be so from elsewhere. */
  again(following: Following): void {
    if (this.following === following) this.change(following);
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
    const from = this.following?.from() ?? {};
    const steps = Object.keys(from);
    this.line.send(JSON.stringify({ type: "subscribe", data: { steps, logs: steps.length > 0 && from } }));
  }

  /** After a `resync` the server sends a snapshot by itself. */
  private take(message: Message): void {
    if (message.type === "log_update") this.following?.take(message.data);
    else if (FRAMES.has(message.type)) this.takeFrame(message as Frame);
  }

  private takeFrame(frame: Frame): void {
    const before = this.view;
    this.view = applyFrame(before, frame);
    this.wantsSnapshot = this.view.gap;
    if (this.view.gap) this.line.reconnect();
    if (this.view !== before) this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
