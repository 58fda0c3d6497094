import { CircleCheck, CirclePause, CirclePower, Hourglass, type LucideIcon, OctagonX } from "lucide-react";
import type { QueueBody, WorkerBody } from "@/api/generated";
import type { Tone } from "@/lib/status";

export type State = WorkerBody["state"];

export const STATE_LOOK: Record<State, { readonly icon: LucideIcon; readonly tone: Tone }> = {
  online: { icon: CircleCheck, tone: "good" },
  draining: { icon: Hourglass, tone: "waiting" },
  drained: { icon: CirclePause, tone: "idle" },
  stopping: { icon: CirclePower, tone: "waiting" },
  lost: { icon: OctagonX, tone: "broken" },
};

/** How much of a bar is filled, in per cent. More may run than there are slots: a former life holds steps without any. */
export function filled(running: number, slots: number): number {
  if (running === 0) return 0;
  return slots === 0 ? 100 : Math.min(100, Math.round((running / slots) * 100));
}

/** When it was heard of, by this browser's clock: the server says how long ago that was when it answered. */
export function heardAt(silentSeconds: number, answeredAt: number): number {
  return answeredAt - silentSeconds * 1_000;
}

/** The queues whose steps nobody else would take. */
export function takenByItAlone({ name, state }: WorkerBody, queues: readonly QueueBody[], all: readonly WorkerBody[]) {
  if (state !== "online") return [];
  const others = new Set(all.filter((one) => one.state === "online" && one.name !== name).map((one) => one.name));
  return queues
    .filter(({ workers }) => workers.includes(name) && !workers.some((other) => others.has(other)))
    .map((queue) => queue.name);
}

/** Those of the running steps that are named, and how many more there are: some that would not fit, some not to be seen. */
export function shownSteps({ steps, running }: Pick<WorkerBody, "steps" | "running">, most: number) {
  const shown = steps.slice(0, most);
  return { shown, more: steps.length - shown.length, unseen: Math.max(0, running - steps.length) };
}
