import { useMemo, useState } from "react";
import type { Editing } from "./editing";
import { connect, disconnect, type Kind, place } from "./model/canvas-edits";
import { sourceOf } from "./model/document/edits";
import { Refusal } from "./model/document/refusal";
import { removeStep } from "./model/document/step-edits";
import type { Change } from "./model/document/value-edits";
import type { Value } from "./model/document/values";

/** What the canvas and the forms do to the text. What is refused is said, and changes nothing. */
export function useDeeds(editing: Editing, choose: (step: string | undefined) => void) {
  const [refused, setRefused] = useState<Refusal | null>(null);
  const deeds = useMemo(() => {
    const edit = (make: (value: Value) => Change[]): boolean => {
      try {
        editing.edit(make(sourceOf(editing.now().text).value));
        setRefused(null);
        return true;
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        setRefused(error);
        return false;
      }
    };
    return {
      dismiss: () => setRefused(null),
      edit,
      add: (kind: Kind, needs: readonly string[]) => {
        let fresh = "";
        const isDone = edit((value) => {
          const placed = place(value, kind, needs);
          fresh = placed.id;
          return placed.edits;
        });
        if (isDone) choose(fresh);
      },
      remove: (step: string) => {
        if (edit(() => [removeStep(step)])) choose(undefined);
      },
      connect: (from: string, to: string) => edit((value) => connect(value, from, to)),
      disconnect: (need: string, step: string) => edit((value) => disconnect(value, need, step)),
      undo: () => editing.undo(),
      redo: () => editing.redo(),
    };
  }, [editing, choose]);
  return { refused, deeds };
}
