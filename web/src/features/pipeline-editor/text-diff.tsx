import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { looks } from "./editing";
import styles from "./editor.module.css";
import { phrases } from "./phrases";

interface TextDiffProps {
  label: string;
  before: string;
  after: string;
  /** Both texts beside each other, instead of one with what went and came. */
  sideBySide?: boolean;
}

const readOnly = (label: string, words: Extension) => [
  looks,
  words,
  EditorState.readOnly.of(true),
  EditorView.editable.of(false),
  EditorView.contentAttributes.of({ "aria-label": label }),
];
const COLLAPSED = { margin: 3, minSize: 6 };
const shown = (text: string) => text.replaceAll("\r\n", "\n");

/** What changed between two texts, line by line; long stretches that are the same are folded. */
export default function TextDiff({ label, before, after, sideBySide = false }: TextDiffProps) {
  const { t } = useTranslation("pipeline-editor");
  const pane = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (pane.current === null) return;
    const view = (sideBySide ? beside : unified)(pane.current, readOnly(label, phrases(t)), before, after);
    return () => view.destroy();
  }, [label, before, after, sideBySide, t]);
  return <section ref={pane} className={styles.diff} aria-label={label} />;
}

function unified(parent: HTMLElement, looksLike: Extension, before: string, after: string) {
  const merge = unifiedMergeView({
    original: shown(before),
    mergeControls: false,
    gutter: true,
    collapseUnchanged: COLLAPSED,
  });
  return new EditorView({ parent, doc: shown(after), extensions: [looksLike, merge] });
}

function beside(parent: HTMLElement, looksLike: Extension, before: string, after: string) {
  return new MergeView({
    parent,
    a: { doc: shown(before), extensions: looksLike },
    b: { doc: shown(after), extensions: looksLike },
    collapseUnchanged: COLLAPSED,
    gutter: true,
  });
}
