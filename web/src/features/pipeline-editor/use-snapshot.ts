import { useEffect, useSyncExternalStore } from "react";
import type { Editing, Snapshot } from "./editing";
import type { Source } from "./model/document/source";
import { stepAt } from "./model/places";

export function useSnapshot(editing: Editing): Snapshot {
  return useSyncExternalStore(editing.subscribe, editing.now);
}

/** The step in whose lines somebody works in the text is the chosen one. */
export function useFollowCursor(
  cursor: number | null,
  source: Source | null,
  choose: (step: string | undefined) => void,
): void {
  useEffect(() => {
    if (cursor === null || source === null) return;
    const step = stepAt(source, cursor);
    if (step !== undefined) choose(step);
  }, [cursor, source, choose]);
}
