import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { ProblemBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { plan as planOf, verdict } from "./api";
import type { Editing } from "./editing";
import { byStep, planByStep } from "./model/marks";
import type { EditorSearch } from "./search";
import { useLater } from "./use-later";

const PAUSE = 400; // somebody who types is not talked to
const NONE: readonly ProblemBody[] = [];

interface ChecksProps {
  id: number | null;
  text: string;
  /** What the editor began with: nobody is told off for a file that is just begun. */
  beginning: string;
  editing: Editing;
  search: EditorSearch;
}

/** What the server says about the text: what is wrong, on its line and its step, and what would run for the event. */
export function useChecks({ id, text, beginning, editing, search }: ChecksProps) {
  const settled = useLater(text, PAUSE);
  const isBlank = id === null && settled === beginning;
  const checked = useQuery({ ...verdict(id, settled), enabled: !isBlank });
  const event = isBlank ? undefined : search.event;
  const planned = useQuery({
    ...planOf(id, settled, event ?? "push", search.branch),
    enabled: event !== undefined,
  });
  const { i18n } = useTranslation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: in another language they read otherwise
  const problems = useMemo(() => (checked.data?.problems ?? NONE).map(inWords), [checked.data, i18n.language]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const notes = useMemo(() => (checked.data?.notes ?? NONE).map(inWords), [checked.data, i18n.language]);
  const plan = event !== undefined && planned.error === null ? planned.data : undefined;
  useEffect(() => {
    const here = ({ file }: ProblemBody) => file === "";
    editing.mark([
      ...problems.filter(here).map((one) => ({ ...one, severity: "error" as const })),
      ...notes.filter(here).map((one) => ({ ...one, severity: "info" as const })),
    ]);
  }, [editing, problems, notes]);
  return {
    verdict: checked.data,
    isUnchecked: checked.error !== null,
    isChecking: checked.isFetching || settled !== text,
    problems,
    notes,
    wrong: useMemo(() => byStep(problems), [problems]),
    noted: useMemo(() => byStep(notes), [notes]),
    plan,
    planned: useMemo(() => (plan === undefined ? null : planByStep(plan)), [plan]),
    notPlanned: event === undefined ? null : planned.error,
  };
}

function inWords(problem: ProblemBody): ProblemBody {
  return { ...problem, message: translated(problem.message), hint: translated(problem.hint) };
}

export type Checks = ReturnType<typeof useChecks>;
