import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { session } from "@/api/session";
import { draftKey, draftOf, dropDraft, keepDraft } from "./drafts";
import type { Saved } from "./use-saving";

/** The draft that is there when the editor opens; none where it says what is saved. */
export function useKeptDraft(id: number | null, project: number | undefined, given: Saved) {
  const queries = useQueryClient();
  const [found] = useState(() => {
    const me = queries.getQueryData(session.queryKey)?.user?.id ?? 0; // asked once: the session may end meanwhile
    const key = draftKey(me, id, project);
    const draft = draftOf(key);
    return { key, kept: draft?.text === given.text ? null : draft };
  });
  return found;
}

/** Keeps what is edited for as long as it is not what is saved. */
export function useKeepDraft({ key, kept }: ReturnType<typeof useKeptDraft>, text: string, saved: Saved): void {
  useEffect(() => {
    if (text === saved.text) dropDraft(key);
    else if (text === kept?.text) keepDraft(key, kept);
    else keepDraft(key, { text, version: saved.version, at: new Date().toISOString() });
  }, [key, kept, text, saved]);
}
