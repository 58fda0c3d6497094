/** Why nothing of a pipeline can be started, whoever asks. The texts are `app:rests.…`. */
export type Rest = "project" | "pipeline" | "inactive";

interface Archivable {
  readonly archived_at: string | null;
}

/** null: it can be started by whoever may. */
export function restOf(pipeline: Archivable & { readonly is_active: boolean }, project: Archivable): Rest | null {
  if (project.archived_at !== null) return "project";
  if (pipeline.archived_at !== null) return "pipeline";
  return pipeline.is_active ? null : "inactive";
}
