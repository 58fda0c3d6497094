import { oneOf, type Raw, said, text, wholeNumber } from "@/lib/search";

export const TABS = ["history", "file", "versions", "plan", "settings"] as const;
export type PipelineTab = (typeof TABS)[number];
export const EVENTS = ["manual", "push", "pull_request", "tag", "release", "schedule", "webhook", "pipeline"] as const;
export type PlannedEvent = (typeof EVENTS)[number];

/** Which part is shown, which two versions are compared, what the plan is for, and whether the run form is open. */
export interface PipelineSearch {
  tab?: PipelineTab;
  run?: true;
  from?: number;
  to?: number;
  event?: PlannedEvent;
  branch?: string;
}

export function parsePipeline(raw: Raw): PipelineSearch {
  return said({
    tab: oneOf(raw.tab, TABS),
    run: raw.run === true ? (true as const) : undefined,
    from: wholeNumber(raw.from),
    to: wholeNumber(raw.to),
    event: oneOf(raw.event, EVENTS),
    branch: text(raw.branch),
  });
}
