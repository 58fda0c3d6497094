import { textOf } from "@/lib/ansi";

const LOOKED_AT = 400; // lines before the end
const WORDS =
  /\b(?:error|errors|fatal|panic(?:ked)?|exception|traceback|failed|failure|failures|segfault|\w+(?:Error|Exception))\b|^E {3}|✗|✘|not found\b|错误|失败/i;
const NONE = /\b(?:0|no|without) (?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed)[=:]\s*0\b/i;

/** Whether a line reads as if it said what went wrong. Only where the log itself has marked none is this asked. */
export function looksWrong(line: string): boolean {
  const text = textOf(line.slice(0, 2_000));
  return WORDS.test(text) && !NONE.test(text);
}

/** The first line near the end that reads so; 0 for none. What is not here (undefined) is passed over. */
export function firstWrong(lineOf: (number: number) => string | undefined, count: number): number {
  for (let number = Math.max(1, count - LOOKED_AT); number <= count; number++) {
    const line = lineOf(number);
    if (line !== undefined && looksWrong(line)) return number;
  }
  return 0;
}
