import { expect, test } from "vitest";
import type { QueueBody, WorkerBody } from "@/api/generated";
import { filled, heardAt, STATE_LOOK, shownSteps, takenByItAlone } from "./model";

function worker(name: string, state: WorkerBody["state"] = "online"): WorkerBody {
  return { name, state } as WorkerBody;
}

function queue(name: string, ...workers: string[]): QueueBody {
  return { name, workers } as QueueBody;
}

test("a bar is filled as slots are used, and never beyond its end", () => {
  expect([filled(0, 8), filled(3, 8), filled(8, 8), filled(9, 8)]).toEqual([0, 38, 100, 100]);
  expect([filled(0, 0), filled(1, 0)]).toEqual([0, 100]);
});

test("a heartbeat is placed by the server's clock, whatever this browser's says", () => {
  expect(heardAt(2.5, 1_000_000)).toBe(997_500);
});

test("draining hurts where nobody else takes the steps of a queue", () => {
  const [w1, w2, w3] = [worker("w1"), worker("w2"), worker("w3", "draining")];
  const queues = [queue("default", "w1", "w2"), queue("gpu", "w1", "w3"), queue("arm", "w2")];
  expect(takenByItAlone(w1, queues, [w1, w2, w3])).toEqual(["gpu"]);
  expect(takenByItAlone(w2, queues, [w1, w2, w3])).toEqual(["arm"]);
  expect(takenByItAlone(w3, queues, [w1, w2, w3])).toEqual([]);
});

test("what runs is named as far as it fits, and what may not be seen is counted", () => {
  const steps = [1, 2, 3].map((execution) => ({ execution })) as WorkerBody["steps"];
  expect(shownSteps({ steps, running: 5 }, 2)).toEqual({ shown: steps.slice(0, 2), more: 1, unseen: 2 });
  expect(shownSteps({ steps: [], running: 0 }, 2)).toEqual({ shown: [], more: 0, unseen: 0 });
});

test("every state looks like no other", () => {
  const looks = Object.values(STATE_LOOK);
  expect(new Set(looks.map(({ icon }) => icon)).size).toBe(looks.length);
});
