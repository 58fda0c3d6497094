import table from "../../../ansflow/cli/locales/sentences.zh.json";
import { Sentences } from "./sentence-table";

const chinese = new Sentences(table);

/** Fetched by readers of Chinese only. */
export function inChinese(sentence: string): string {
  return chinese.translated(sentence);
}
