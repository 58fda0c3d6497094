import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const VIEWS = ["both", "canvas", "text"] as const;
export type View = (typeof VIEWS)[number];

export const EVENTS = ["push", "pull_request", "tag", "release", "schedule", "manual", "webhook", "pipeline"] as const;
export type Event = (typeof EVENTS)[number];

/** `step` is the chosen one; with `event` the plan for it is shown, on `branch` if that is named. */
export interface EditorSearch {
  view?: View;
  step?: string;
  event?: Event;
  branch?: string;
}

export function parseEditor(raw: Raw): EditorSearch {
  return said({
    view: oneOf(raw.view, VIEWS),
    step: text(raw.step),
    event: oneOf(raw.event, EVENTS),
    branch: text(raw.branch),
  });
}

export interface NewSearch extends EditorSearch {
  project?: number;
}

export function parseNew(raw: Raw): NewSearch {
  return said({ ...parseEditor(raw), project: wholeNumber(raw.project) });
}
