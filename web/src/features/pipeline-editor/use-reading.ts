import { useEffect, useState } from "react";
import { isAtHand, sourceOf } from "./model/document/edits";
import { Refusal } from "./model/document/refusal";
import type { Source } from "./model/document/source";
import { type Drawing, drawingOf } from "./model/drawing";

/** What could be read last. `isStale`: the text that stands there now could not be read, `refused` says why. */
export interface Reading {
  readonly source: Source | null;
  readonly drawing: Drawing;
  readonly isStale: boolean;
  readonly refused: { message: string; line: number } | null;
}

const NOTHING: Reading = { source: null, drawing: { steps: [], groups: [] }, isStale: false, refused: null };
const PAUSE = 150; // a person who types is not held up by reading

/** The drawing follows the text: at once after an edit of the canvas, after a pause while somebody types. */
export function useReading(text: string): Reading {
  const [reading, setReading] = useState(() => read(NOTHING, text));
  useEffect(() => {
    const take = () =>
      setReading((before) => (!before.isStale && before.source?.text === text ? before : read(before, text)));
    if (isAtHand(text)) return take();
    const timer = setTimeout(take, PAUSE);
    return () => clearTimeout(timer);
  }, [text]);
  return reading;
}

function read(before: Reading, text: string): Reading {
  try {
    const source = sourceOf(text);
    return { source, drawing: drawingOf(source.value), isStale: false, refused: null };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ...before, isStale: true, refused: { message: error.message, line: error.place(text).line } };
  }
}
