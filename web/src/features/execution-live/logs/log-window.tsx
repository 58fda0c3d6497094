import { type ReactNode, useEffect, useMemo } from "react";
import type { Folds } from "../model/folds";
import type { LogBook } from "../model/log-book";
import { bodyOf, type Marks, type Tone } from "../model/outline";
import type { Range } from "../search";
import { LogFrame, slotOf } from "./log-frame";
import { LogLine } from "./log-line";
import type { Reading } from "./reading";
import { useRows } from "./use-rows";
import type { Times } from "./use-times";

interface LogWindowProps {
  step: string;
  attempt: number;
  book: LogBook;
  version: number;
  shown: Folds;
  marks: Marks;
  closed: ReadonlySet<number>;
  marked: Range | null;
  /** Where to go; null: wherever it stands. */
  goal: { line: number; at: unknown } | null;
  /** A line that the log itself has not marked as an error, and that reads like one. */
  suspect: number;
  found: ReadonlyMap<number, readonly string[]>;
  reading: Reading;
  times: Times | null;
  grows: boolean;
  pick: (number: number, more: boolean) => void;
  toggle: (group: number, open: boolean) => void;
  look: (lines: readonly number[]) => void;
  label: string;
  empty: ReactNode;
}

/** The rows that are in sight, and a few around them, of however many there are. */
export function LogWindow(props: LogWindowProps) {
  const { step, attempt, book, version, shown, marks, closed, marked, goal, suspect, found, reading, grows } = props;
  const { times, pick, toggle, look, label, empty } = props;
  const rows = useRows({ shown, ...reading, grows, goal });
  const { first, last } = rows;
  const numbers = useMemo(
    () => Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => shown.lineOf(first + at)),
    [shown, first, last],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has been forgotten meanwhile is wanted again
  useEffect(() => look(numbers), [numbers, version, look]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines that have come have a time too
  useEffect(() => times?.look(step, attempt, numbers, book.count), [times, step, attempt, numbers, version]);
  return (
    <LogFrame
      rows={rows}
      count={book.count}
      isEmpty={shown.rows === 0}
      reading={reading}
      grows={grows}
      label={label}
      empty={empty}
    >
      {numbers.map((number, at) => {
        const group = marks.groups.get(number);
        const note = marks.notes.get(number);
        const body = group === undefined ? null : bodyOf(group);
        return (
          <LogLine
            key={slotOf(first + at)}
            number={number}
            row={first + at}
            top={rows.topOf(first + at)}
            text={book.line(number)}
            moment={times?.of(step, attempt, number)}
            marked={marked !== null && number >= marked.first && number <= marked.last}
            tone={toneOf(note?.level, number === suspect)}
            found={found.get(number)}
            note={note}
            group={group}
            closed={closed.has(number)}
            hides={body === null ? 0 : Math.min(body.last, book.count) - number}
            pick={pick}
            toggle={toggle}
          />
        );
      })}
    </LogFrame>
  );
}

function toneOf(level: Tone | undefined, isSuspect: boolean): Tone | undefined {
  return level ?? (isSuspect ? "error" : undefined);
}
