import type { Line, Open } from "./line";

export const LEAST_PAUSE = 1_000; // milliseconds between two times of asking
export const AWAY = 15_000; // and where nothing can be heard

const NEWS: ReadonlySet<string> = new Set(["snapshot", "execution_update", "step_update"]);

/**
 * Hears that something has changed among all executions that this person may see, and then has the API asked: at most
 * once in a second, and never before the last answer. Where nothing can be heard, it has it asked now and then.
 */
export class Monitor {
  private readonly line: Line;
  private connected = false;
  private closed = false;
  private news = false;
  private asking = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private askedAt = performance.now(); // whoever shows a list has just asked for it

  constructor(
    open: Open,
    private readonly ask: () => Promise<unknown>,
  ) {
    this.line = open(() => "/ws/monitor/");
    this.line.onopen = () => {
      this.connected = true;
      this.plan();
    };
    this.line.onclose = () => {
      this.connected = false;
      this.plan();
    };
    this.line.onmessage = ({ data }) => {
      if (!NEWS.has((JSON.parse(data) as { type: string }).type)) return;
      this.news = true;
      this.plan();
    };
    this.plan();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.line.close();
  }

  private plan(): void {
    clearTimeout(this.timer);
    if (this.closed || this.asking || (this.connected && !this.news)) return;
    const pause = this.news ? LEAST_PAUSE : AWAY;
    this.timer = setTimeout(() => void this.go(), Math.max(0, this.askedAt + pause - performance.now()));
  }

  private async go(): Promise<void> {
    this.asking = true;
    this.news = false;
    this.askedAt = performance.now();
    try {
      await this.ask();
    } finally {
      this.asking = false;
      this.plan();
    }
  }
}
