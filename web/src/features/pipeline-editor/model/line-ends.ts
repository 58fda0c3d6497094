/**
 * The text pane knows lines, not how they end. A file whose lines all end with CR LF is shown with LF and gets its own
 * ends back; in any other file a CR is a character like others. Nothing else is ever changed by showing a text.
 */
export interface LineEnds {
  readonly crlf: boolean;
}

export function lineEndsOf(text: string): LineEnds {
  return { crlf: text.includes("\r\n") && !/(?:^|[^\r])\n|\r(?!\n)/.test(text) };
}

export const shownText = ({ crlf }: LineEnds, text: string): string => (crlf ? text.replaceAll("\r\n", "\n") : text);

export const fileText = ({ crlf }: LineEnds, shown: string): string => (crlf ? shown.replaceAll("\n", "\r\n") : shown);

/** Where a place of the file stands in what is shown. */
export function shownAt({ crlf }: LineEnds, text: string, index: number): number {
  if (!crlf) return index;
  let breaks = 0;
  for (let at = text.indexOf("\r\n"); at >= 0 && at < index; at = text.indexOf("\r\n", at + 2)) breaks += 1;
  return index - breaks;
}
