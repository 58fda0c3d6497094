/** One line of a difference. `before` and `after` are its numbers in the two texts. */
export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "gap";
  readonly text: string;
  readonly before?: number;
  readonly after?: number;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** A unified diff as lines; what stands between two hunks becomes a gap. */
export function linesOf(diff: string): readonly DiffLine[] {
  const found: DiffLine[] = [];
  let [before, after] = [0, 0];
  for (const line of diff.split("\n")) {
    const hunk = HUNK.exec(line);
    if (hunk !== null) {
      [before, after] = [Number(hunk[1]), Number(hunk[2])];
      if (found.length > 0) found.push({ kind: "gap", text: "" });
    } else if (before === 0 && after === 0) {
      // the names of the two texts stand above the first hunk
    } else if (line.startsWith("+")) found.push({ kind: "added", text: line.slice(1), after: after++ });
    else if (line.startsWith("-")) found.push({ kind: "removed", text: line.slice(1), before: before++ });
    else if (line.startsWith(" ")) found.push({ kind: "same", text: line.slice(1), before: before++, after: after++ });
  }
  return found;
}
