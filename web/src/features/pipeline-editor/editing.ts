import {
  defaultKeymap,
  history,
  historyKeymap,
  isolateHistory,
  redo,
  redoDepth,
  undo,
  undoDepth,
} from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import {
  EditorSelection,
  EditorState,
  type Extension,
  StateEffect,
  StateField,
  type Transaction,
  type TransactionSpec,
} from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { pageNonce } from "@/lib/trusted";
import { splices } from "./model/document/edits";
import { spliced } from "./model/document/splices";
import type { Change } from "./model/document/value-edits";
import { fileText, type LineEnds, lineEndsOf, shownAt, shownText } from "./model/line-ends";

/** What the page shows of the text now. */
export interface Snapshot {
  readonly text: string;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Where the cursor is, in the file; null while the text is not being edited. */
  readonly cursor: number | null;
}

/**
 * One text with one history, whoever changes it: a person in the text pane, or the canvas and the forms, whose edits come
 * as the few characters that they replace. The text is all there is; everything else is read from it.
 */
export class Editing {
  private state: EditorState;
  private view: EditorView | undefined;
  private ends: LineEnds;
  private snapshot: Snapshot;
  private readonly listeners = new Set<() => void>();

  constructor(text: string, label: string, words: Extension = []) {
    this.ends = lineEndsOf(text);
    this.state = EditorState.create({ doc: this.document(text), extensions: [base(label), words, history()] });
    this.snapshot = { text, canUndo: false, canRedo: false, cursor: null };
  }

  readonly subscribe = (tell: () => void): (() => void) => {
    this.listeners.add(tell);
    return () => this.listeners.delete(tell);
  };

  readonly now = (): Snapshot => this.snapshot;

  /** Shows the text in a pane until it is told to stop; the history stays. */
  attach(parent: HTMLElement): () => void {
    const view = new EditorView({
      state: this.state,
      parent,
      dispatchTransactions: (transactions, shown) => {
        shown.update(transactions);
        this.moved(shown.state, transactions);
      },
    });
    this.view = view;
    view.contentDOM.addEventListener("blur", () => this.tell({ cursor: null }));
    return () => {
      this.state = view.state;
      this.view = undefined;
      view.destroy();
    };
  }

  /** Makes edits one after the other, as one step of the history. Throws a Refusal, and then nothing has changed. */
  edit(edits: readonly Change[]): void {
    let text = this.snapshot.text;
    const changes = edits.map((edit) => {
      const before = text;
      const parts = splices(before, edit);
      text = spliced(before, parts);
      return parts.map(({ start, end, text: insert }) => ({
        from: shownAt(this.ends, before, start),
        to: shownAt(this.ends, before, end),
        insert: this.document(insert),
      }));
    });
    if (text === this.snapshot.text) return;
    this.dispatch(
      changes.map((one, at) => ({
        changes: one,
        sequential: at > 0,
        ...(at === 0 ? { annotations: isolateHistory.of("full"), userEvent: "edit.canvas" } : {}),
      })),
    );
  }

  /** Another text in the place of this one, as one step of the history. */
  replace(text: string): void {
    const { doc } = this.current;
    this.dispatch([
      { changes: { from: 0, to: doc.length, insert: this.document(text) }, annotations: isolateHistory.of("full") },
    ]);
  }

  undo(): void {
    this.run(undo);
  }

  redo(): void {
    this.run(redo);
  }

  /** Marks what is wrong, each where it stands; 1-based places, as the server counts them. */
  mark(problems: readonly { line: number; column: number; message: string; severity: "error" | "info" }[]): void {
    const { doc } = this.current;
    const diagnostics = problems.map(({ line, column, message, severity }): Diagnostic => {
      const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
      const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
      const word = /^[^\s,\]}]+/.exec(doc.sliceString(from, at.to))?.[0].length ?? 0;
      return { from, to: Math.min(from + Math.max(word, 1), at.to), message, severity };
    });
    this.dispatch([setDiagnostics(this.current, diagnostics)]);
  }

  /** Points at lines of the file, and brings them into sight; null points at nothing. */
  point(place: readonly [start: number, end: number] | null, { focus = false } = {}): void {
    const shown = place === null ? null : this.shownRange(place);
    const effects: StateEffect<unknown>[] = [setPointed.of(shown)];
    if (shown !== null) {
      // From the last line to the first: where not all of it fits, the beginning is in sight.
      const last = this.current.doc.lineAt(shown[1]).from;
      const range = EditorSelection.range(Math.max(last, shown[0]), shown[0]);
      effects.push(EditorView.scrollIntoView(range, { y: "nearest", yMargin: 24 }));
    }
    const selection = focus && shown !== null ? EditorSelection.cursor(shown[0]) : undefined;
    this.dispatch([selection === undefined ? { effects } : { effects, selection }]);
    if (focus) this.view?.focus();
  }

  goTo(line: number): void {
    const { doc } = this.current;
    const { from } = doc.line(Math.min(Math.max(line, 1), doc.lines));
    this.dispatch([
      { selection: EditorSelection.cursor(from), effects: EditorView.scrollIntoView(from, { y: "center" }) },
    ]);
    this.view?.focus();
  }

  private shownRange([start, end]: readonly [number, number]): readonly [number, number] {
    const { text } = this.snapshot;
    return [shownAt(this.ends, text, start), shownAt(this.ends, text, end)];
  }

  private get current(): EditorState {
    return this.view?.state ?? this.state;
  }

  private document(text: string): string {
    return shownText(this.ends, text);
  }

  private run(command: typeof undo): void {
    command({ state: this.current, dispatch: (transaction) => this.take(transaction) });
  }

  private dispatch(specs: readonly TransactionSpec[]): void {
    this.take(this.current.update(...specs));
  }

  private take(transaction: Transaction): void {
    if (this.view !== undefined) {
      this.view.dispatch(transaction);
      return;
    }
    this.state = transaction.state;
    this.moved(this.state, [transaction]);
  }

  private moved(state: EditorState, transactions: readonly Transaction[]): void {
    if (transactions.some(({ docChanged }) => docChanged)) {
      const shown = state.doc.toString();
      this.tell({ text: fileText(this.ends, shown), canUndo: undoDepth(state) > 0, canRedo: redoDepth(state) > 0 });
    }
    if (transactions.some(({ selection, docChanged }) => selection !== undefined || docChanged)) {
      const cursor = this.view?.hasFocus ? state.selection.main.head : null;
      if (!this.ends.crlf) this.tell({ cursor });
      else this.tell({ cursor: cursor === null ? null : cursor + state.doc.lineAt(cursor).number - 1 });
    }
  }

  private tell(change: Partial<Snapshot>): void {
    const next = { ...this.snapshot, ...change };
    const same = (Object.keys(next) as (keyof Snapshot)[]).every((key) => next[key] === this.snapshot[key]);
    if (same) return;
    this.snapshot = next;
    for (const tell of this.listeners) tell();
  }
}

// The text pane

const setPointed = StateEffect.define<readonly [number, number] | null>();
const pointedLine = Decoration.line({ class: "cm-pointed" });

const pointed = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, transaction) {
    let next = value.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setPointed)) continue;
      if (effect.value === null) next = Decoration.none;
      else {
        const { doc } = transaction.state;
        const [start, end] = effect.value.map((at) => doc.lineAt(Math.min(at, doc.length)).number) as [number, number];
        const lines = Array.from({ length: end - start + 1 }, (_, at) => doc.line(start + at).from);
        next = Decoration.set(lines.map((from) => pointedLine.range(from)));
      }
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const LOOK = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "12.5px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter": { backgroundColor: "var(--raised)" },
  ".cm-pointed": { backgroundColor: "var(--accent-soft)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--line)" },
  ".cm-panels, .cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    border: "1px solid var(--line)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--running)" },
  ".cm-changedLine": { backgroundColor: "color-mix(in srgb, var(--good) 12%, transparent)" },
  ".cm-deletedChunk": { backgroundColor: "color-mix(in srgb, var(--bad) 12%, transparent)" },
  ".cm-changedText, .cm-deletedText": { background: "color-mix(in srgb, currentcolor 18%, transparent)" },
  ".cm-collapsedLines::before, .cm-collapsedLines::after": { content: '"⋯"' },
  ".cm-collapsedLines": { background: "var(--raised)", color: "var(--muted)" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.labelName, tags.typeName, tags.keyword, tags.meta], color: "var(--warned)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--waiting)" },
]);

/**
 * Typing over a selection. The browser would do it with a style of its own on the new text, which the page's policy
 * forbids, and says so.
 */
const typesOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    if (event.inputType !== "insertText" || !event.data || view.composing || view.state.selection.main.empty)
      return false;
    event.preventDefault();
    view.dispatch(
      view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true }),
    );
    return true;
  },
});

/** How a pipeline file looks, wherever one is shown. `lineSeparator` keeps the characters of a file as they are. */
export const looks: Extension = [
  yaml(),
  syntaxHighlighting(COLOURS),
  LOOK,
  lineNumbers(),
  highlightSpecialChars(),
  EditorState.lineSeparator.of("\n"),
  EditorView.cspNonce.of(pageNonce()),
  EditorView.contentAttributes.of({ tabindex: "0" }), // it scrolls, and must by keyboard
];

const base = (label: string): Extension => [
  looks,
  pointed,
  typesOver,
  drawSelection(),
  bracketMatching(),
  indentOnInput(),
  indentUnit.of("  "),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSelectionMatches(),
  search({ top: true }),
  lintGutter(),
  EditorView.contentAttributes.of({ "aria-label": label }),
  keymap.of([...historyKeymap, ...searchKeymap, ...defaultKeymap]),
];
