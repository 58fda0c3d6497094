import { useTranslation } from "react-i18next";

/** Says a sentence of the server in another language. What it does not know stays English. */
export type Translator = (sentence: string) => string;

let spoken: Translator | null = null;

/** From now on sentences are said so; null: they stay English. */
export function speakSentences(translator: Translator | null): void {
  spoken = translator;
}

/** A sentence of the server in the language of the page. Whoever shows it is drawn anew by `useTranslation`. */
export function translated(sentence: string): string {
  return spoken === null ? sentence : spoken(sentence);
}

/** The same for what has no other texts of its own. */
export function useTranslated(): Translator {
  useTranslation();
  return translated;
}
