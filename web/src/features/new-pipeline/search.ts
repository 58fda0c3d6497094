import { oneOf, type Raw, said, wholeNumber } from "@/lib/search";

export const WAYS = ["text", "steps", "repository"] as const;
export type Way = (typeof WAYS)[number];

/** In which project, and what the pipeline is made from. */
export interface NewPipelineSearch {
  project?: number;
  way?: Way;
}

export function parseNewPipeline(raw: Raw): NewPipelineSearch {
  return said({ project: wholeNumber(raw.project), way: oneOf(raw.way, WAYS) });
}
