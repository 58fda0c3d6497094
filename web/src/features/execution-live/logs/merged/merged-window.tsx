import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Folds } from "../../model/folds";
import { type Origin, type Origins, toneIn } from "../../model/origin";
import { LogFrame, slotOf } from "../log-frame";
import { LogLine } from "../log-line";
import type { Reading } from "../reading";
import { useRows } from "../use-rows";
import type { Times } from "../use-times";
import type { AllLogs } from "./use-merged";

interface MergedWindowProps {
  logs: AllLogs;
  origins: Origins;
  reading: Reading;
  times: Times | null;
  grows: boolean;
  /** A row to go to and to mark, and something that is another one each time it is asked for. */
  goal: { row: number; at: unknown } | null;
  found: (step: string, attempt: number) => ReadonlyMap<number, readonly string[]>;
  pick: (line: number, more: boolean, origin?: Origin) => void;
}

const NO_FOLDS = [] as const;
const nothing = () => undefined;

/** The rows of all logs that are in sight, each with its step. */
export function MergedWindow(props: MergedWindowProps) {
  const { logs, origins, reading, times, grows, goal, found, pick } = props;
  const { t } = useTranslation("execution-live");
  const { merged, version, look } = logs;
  const count = merged.rows;
  const shown = useMemo(() => new Folds(NO_FOLDS, count), [count]);
  const aim = useMemo(() => (goal === null ? null : { line: goal.row + 1, at: goal.at }), [goal]);
  const rows = useRows({ shown, ...reading, grows, goal: aim });
  const { first, last } = rows;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what has been forgotten meanwhile is wanted again
  useEffect(() => look(first, last), [first, last, version, look]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: lines that have come have a time too
  useEffect(() => {
    if (times === null) return;
    for (const [{ step, attempt, book }, lines] of merged.among(first, last))
      times.look(step, attempt, lines, book.count);
  }, [times, merged, first, last, version]);
  const numbers = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  return (
    <LogFrame
      rows={rows}
      count={count}
      isEmpty={count === 0}
      reading={reading}
      grows={grows}
      label={t("merged.title")}
      empty={t(grows ? "log_not_yet" : "merged.empty")}
    >
      {numbers.map((row) => {
        const place = merged.at(row);
        if (place === undefined) return null;
        const { source, line } = place;
        const text = source.book.line(line);
        return (
          <LogLine
            key={slotOf(row)}
            number={line}
            row={row}
            top={rows.topOf(row)}
            text={text}
            moment={times?.of(source.step, source.attempt, line)}
            origin={origins.of(source.step, source.attempt)}
            marked={goal?.row === row}
            tone={toneIn(text)}
            found={found(source.step, source.attempt).get(line)}
            closed={false}
            hides={0}
            pick={pick}
            toggle={nothing}
          />
        );
      })}
    </LogFrame>
  );
}
