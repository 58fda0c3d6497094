import type { StepExecutionBody, WholeExecutionBody } from "@/api/generated";

/** What the socket says about one execution; `log_update` goes to the log and not here. */
export type Frame =
  | { type: "snapshot"; seq: number; data: WholeExecutionBody }
  | { type: "execution_update"; seq: number; data: Partial<WholeExecutionBody> & { execution_id: number } }
  | { type: "step_update"; seq: number; data: Partial<StepExecutionBody> & { execution_id: number; key: string } };

/** An execution as it is shown: the snapshot, and every numbered frame after it. */
export interface View {
  readonly execution: WholeExecutionBody;
  readonly seq: number;
  /** A frame is missing: nothing is added any more until a snapshot comes. */
  readonly gap: boolean;
}

export function viewOf(execution: WholeExecutionBody): View {
  return { execution, seq: execution.seq, gap: false };
}

/** Old state + event = new state. A frame that was seen changes nothing; one too far ahead leaves a gap. */
export function applyFrame(view: View, frame: Frame): View {
  if (frame.type === "snapshot") return frame.seq < view.seq && !view.gap ? view : viewOf(frame.data);
  if (view.gap || frame.seq <= view.seq) return view;
  if (frame.seq > view.seq + 1) return { ...view, gap: true };
  const execution =
    frame.type === "step_update"
      ? withStep(view.execution, frame.data)
      : { ...view.execution, ...known(view.execution, frame.data) };
  return { execution: { ...execution, seq: frame.seq }, seq: frame.seq, gap: false };
}

function withStep(execution: WholeExecutionBody, data: Partial<StepExecutionBody> & { key: string }) {
  const step_executions = execution.step_executions.map((step) =>
    step.key === data.key ? { ...step, ...known(step, data) } : step,
  );
  return { ...execution, step_executions, counts: counted(step_executions) };
}

/** A frame may say more than the picture shows, such as `execution_id`. */
function known<T extends object>(shown: T, said: object): Partial<T> {
  return Object.fromEntries(Object.entries(said).filter(([name]) => name in shown)) as Partial<T>;
}

function counted(steps: readonly StepExecutionBody[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of steps) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Where a person looks first: at what failed first, what waits for an answer, what runs; else at the last to end. */
export function firstToLookAt(steps: readonly StepExecutionBody[]): StepExecutionBody | undefined {
  const failed = steps.filter(({ status, allowed_failure }) => status === "failed" && !allowed_failure);
  return (
    earliest(failed) ??
    steps.find(({ status }) => status === "waiting") ??
    steps.find(({ status }) => status === "running") ??
    [...steps]
      .filter(({ ended_at, log_bytes }) => ended_at !== null && log_bytes > 0)
      .sort(byEnd)
      .at(-1) ??
    steps[0]
  );
}

function earliest(steps: readonly StepExecutionBody[]): StepExecutionBody | undefined {
  return [...steps].sort(byEnd)[0];
}

function byEnd(one: StepExecutionBody, other: StepExecutionBody): number {
  return Date.parse(one.ended_at ?? "") - Date.parse(other.ended_at ?? "");
}
