import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "@/api/errors";
import { type PipelineWithSource, pipelinesCreate, pipelinesPartialUpdate, pipelinesRetrieve } from "@/api/generated";
import { useSending } from "@/lib/use-sending";
import { pipeline } from "./api";
import type { Editing } from "./editing";

/** What the server has: the text, and the number of its version (0: none yet). */
export interface Saved {
  readonly text: string;
  readonly version: number;
}

export interface Conflict {
  /** In the server's words: also who it was. */
  readonly says: string;
  readonly theirs: Saved;
}

interface SavingProps {
  id: number | null;
  project: number | undefined;
  editing: Editing;
  given: Saved;
  /** The version that what is edited was made from: an older one than the given, where others saved after a draft. */
  base: number;
  made: (pipeline: PipelineWithSource) => void;
}

/** Saves what is edited as the next version, if nobody saved before; otherwise both texts are there to choose from. */
export function useSaving({ id, project, editing, given, base, made }: SavingProps) {
  const queries = useQueryClient();
  const [saved, setSaved] = useState<Saved>({ text: given.text, version: base });
  const [conflict, setConflict] = useState<Conflict | null>(null);
  const [asks, setAsks] = useState(false);
  const saving = useSending({
    mutationFn: async ({ source, message }: { source: string; message: string }) => {
      if (id === null) return (await pipelinesCreate({ body: { project: project ?? 0, source, message } })).data;
      const body = { source, base_version: saved.version, message };
      return (await pipelinesPartialUpdate({ path: { id }, body })).data;
    },
    onSuccess: (now, { source }) => {
      setAsks(false);
      setSaved({ text: now.source, version: now.version });
      if (now.source !== source && editing.now().text === source) editing.replace(now.source);
      queries.setQueryData(pipeline(now.id).queryKey, now);
      void queries.invalidateQueries({ queryKey: ["pipelines", "list"] });
      void queries.invalidateQueries({ queryKey: ["pipelines", "one", now.id] });
      if (id === null) made(now);
    },
    onError: async (error) => {
      if (id === null || !(error instanceof ApiError) || error.code !== "stale_version") return;
      const { data } = await pipelinesRetrieve({ path: { id } });
      setAsks(false);
      setConflict({ says: error.message, theirs: { text: data.source, version: data.version } });
    },
  });
  return {
    saved,
    asks,
    conflict,
    isSaving: saving.isPending,
    error: saving.error,
    ask: () => {
      saving.reset();
      setAsks(true);
    },
    back: () => setAsks(false),
    save: (message: string) => saving.mutate({ source: editing.now().text, message }),
    /** Mine comes on top of theirs, once it has been looked at. */
    keepMine: () => {
      if (conflict !== null) setSaved(conflict.theirs);
      setConflict(null);
      saving.reset();
      setAsks(true);
    },
    /** Theirs takes the place of mine; undo brings mine back. */
    takeTheirs: () => {
      if (conflict !== null) {
        setSaved(conflict.theirs);
        editing.replace(conflict.theirs.text);
      }
      setConflict(null);
    },
    later: () => setConflict(null),
    /** Back to what is saved; undo brings mine back. */
    giveUp: () => {
      setSaved(given);
      editing.replace(given.text);
    },
  };
}
