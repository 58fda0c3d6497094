import { Refusal } from "./refusal";
import { Source } from "./source";
import { inOrder, type Splice, spliced } from "./splices";
import type { Change } from "./value-edits";
import { same } from "./values";

/**
 * Byte-faithful edits of a pipeline file: what an edit does not mean to change stays, byte for byte. The rules and their
 * cases are those of the server (`contract/edits`). Every result is read again and compared with what the edit means, so
 * that a wrong text can never come out.
 */
export function apply(text: string, edit: Change): string {
  return spliced(text, splices(text, edit));
}

/** What the edit replaces in the text, in order; nothing that stays as it is. Throws a Refusal. */
export function splices(text: string, edit: Change): readonly Splice[] {
  const source = sourceOf(text);
  const found = edit.splices(source).filter((part) => text.slice(part.start, part.end) !== part.text);
  verify(spliced(text, found), edit, source);
  return inOrder(found);
}

let last: Source | undefined;

/** A text with its tree. Of the last text it is at hand: an edit follows an edit. */
export function sourceOf(text: string): Source {
  if (last?.text !== text) last = new Source(text);
  return last;
}

function verify(after: string, edit: Change, source: Source): void {
  let means: Source;
  try {
    means = new Source(after);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === "unknown_anchor") {
      const hint = "Write the value out where the alias stands first.";
      throw new Refusal("shared", "An alias would stand before the value that it repeats.", hint);
    }
    throw unsafe(error.message);
  }
  if (!same(means.value, edit.meaning(source.value))) throw unsafe("Another value would change with it.");
  last = means;
}

function unsafe(why: string): Refusal {
  const message = "This edit cannot be made here without touching more of the file.";
  return new Refusal("unsafe", message, `${why} Edit it by hand.`);
}

/** Whether the tree of a text is at hand, so that reading it costs nothing. */
export const isAtHand = (text: string): boolean => last?.text === text;
