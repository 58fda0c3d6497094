export type Path = readonly (string | number)[];

/** Why something that stands in the text cannot be read or edited there: what InvalidSpec is on the server. */
export class Refusal extends Error {
  readonly code: string;
  readonly hint: string;
  /** Where, counted from 0 in the text without its byte order mark; undefined where no place is to blame. */
  readonly at: number | undefined;

  constructor(code: string, message: string, hint: string, at?: number) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.at = at;
  }

  /** Line and column from 1, 0 where the place is not known. */
  place(text: string): { line: number; column: number } {
    if (this.at === undefined) return { line: 0, column: 0 };
    const before = text.replace(/^\ufeff/, "").slice(0, this.at);
    const lines = before.split(/\r\n|\r|\n/);
    return { line: lines.length, column: [...(lines.at(-1) ?? "")].length + 1 };
  }
}

/** Text in quotes as the server's sentences show it. */
export function quotedName(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inner = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return `${quote}${quote === "'" ? inner.replaceAll("'", "\\'") : inner}${quote}`;
}
