import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import type { StepExecutionBody } from "@/api/generated";
import { STEP_LOOK } from "@/lib/status";
import { outline } from "../../api";
import { closedOf, foldsAround, foldsOf, type Marks, marksOf } from "../../model/outline";
import type { Range } from "../../search";

export interface Outlined {
  readonly marks: Marks;
  /** Whether it is known by now; it is asked for again while the log grows. */
  readonly known: boolean;
  readonly closed: ReadonlySet<number>;
  readonly folds: ReturnType<typeof foldsOf>;
  readonly toggle: (group: number, open: boolean) => void;
  readonly toggleAll: () => void;
  /** Errors and warnings, and groups, of which the server says no more, as there are too many. */
  readonly omitted: number;
}

const NOTHING = marksOf([], []);
const NONE: ReadonlyMap<number, boolean> = new Map();

interface Shown {
  /** Lines that must not be hidden. */
  readonly seen: Range | null;
  /** Whether all but errors and warnings are hidden. */
  readonly onlyWrong: boolean;
}

/** What a log says about itself, and which of its lines are hidden now. */
export function useOutline(id: number, step: StepExecutionBody, attempt: number, { seen, onlyWrong }: Shown): Outlined {
  const isOver = attempt < step.attempt || STEP_LOOK[step.status].final;
  const { data, isFetched } = useQuery(outline(id, step.key, attempt, isOver));
  const [opened, setOpened] = useState(NONE);
  const [closes] = useState(isOver); // what somebody has watched is not closed under their eyes
  const marks = useMemo(() => (data === undefined ? NOTHING : marksOf(data.groups, data.annotations)), [data]);
  const [first, last] = [seen?.first, seen?.last];
  const closed = useMemo(() => {
    const lines = [first, last].filter((line) => line !== undefined);
    return closedOf(marks, { opened, seen: lines, closes });
  }, [marks, opened, first, last, closes]);
  const folds = useMemo(() => {
    if (!onlyWrong) return foldsOf(marks, closed);
    return foldsAround(marks.wrong, first === undefined || last === undefined ? null : { first, last });
  }, [marks, closed, onlyWrong, first, last]);
  const toggle = useCallback((group: number, open: boolean) => setOpened((now) => new Map(now).set(group, open)), []);
  const toggleAll = () => {
    const open = closed.size > 0;
    setOpened(new Map([...marks.groups.keys()].map((line) => [line, open])));
  };
  return { marks, known: isFetched || attempt === 0, closed, folds, toggle, toggleAll, omitted: data?.omitted ?? 0 };
}
