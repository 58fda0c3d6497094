import { EditorState, type Extension } from "@codemirror/state";
import type { TFunction } from "i18next";

/** What the text pane says itself, and the key of our text for it. */
const PHRASES = {
  Find: "find",
  Replace: "replace_with",
  next: "next",
  previous: "previous",
  all: "all",
  "match case": "match_case",
  regexp: "regexp",
  "by word": "by_word",
  replace: "replace",
  "replace all": "replace_all",
  close: "close",
  "current match": "current_match",
  "on line": "on_line",
  "replaced $ matches": "replaced",
  "replaced match on line $": "replaced_one",
  "Go to line": "go_to_line",
  go: "go",
  "Control character": "control_character",
  "$ unchanged lines": "unchanged",
} as const;

/** The text pane in the reader's language. */
export function phrases(t: TFunction<"pipeline-editor">): Extension {
  const said = Object.entries(PHRASES).map(([english, key]) => [english, t(`phrases.${key}`)]);
  return EditorState.phrases.of(Object.fromEntries(said));
}
