import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Editing } from "./editing";
import { connect } from "./model/canvas-edits";
import { sourceOf } from "./model/document/edits";
import { Refusal } from "./model/document/refusal";
import { removeStep, renameStep } from "./model/document/step-edits";

const FILE = "# mine\nsteps:\n  a: make\n  b:   # second\n    run: test\n";

describe("one text with one history", () => {
  let pane: HTMLElement;
  let shut: () => void;
  const opened = (text: string) => {
    const editing = new Editing(text, "text");
    shut = editing.attach(pane);
    return editing;
  };
  beforeEach(() => {
    pane = document.body.appendChild(document.createElement("div"));
  });
  afterEach(() => {
    shut();
    pane.remove();
  });

  it("holds what the canvas did and what was typed, and takes it back in turn", () => {
    const editing = opened(FILE);
    editing.edit(connect(sourceOf(FILE).value, "a", "b"));
    const drawn = "# mine\nsteps:\n  a: make\n  b:   # second\n    needs: a\n    run: test\n";
    expect(editing.now()).toMatchObject({ text: drawn, canUndo: true, canRedo: false });
    editing.edit([renameStep("a", "build")]);
    expect(editing.now().text).toContain("  build: make\n  b:   # second\n    needs: build\n");
    editing.undo();
    expect(editing.now()).toMatchObject({ text: drawn, canRedo: true });
    editing.undo();
    expect(editing.now()).toMatchObject({ text: FILE, canUndo: false });
    editing.redo();
    expect(editing.now().text).toBe(drawn);
  });

  it("takes several edits back as one", () => {
    const editing = opened("steps:\n  a: make\n  b: test\n");
    editing.edit(connect(sourceOf(editing.now().text).value, "a", "b"));
    expect(editing.now().text).toBe("steps:\n  a: make\n  b:\n    needs: a\n    run: test\n");
    editing.undo();
    expect(editing.now()).toMatchObject({ text: "steps:\n  a: make\n  b: test\n", canUndo: false });
  });

  it.each([FILE.replaceAll("\n", "\r\n"), FILE.replace("\n", "\r\n"), `\ufeff${FILE}`])(
    "keeps line ends and a byte order mark: %j",
    (text) => {
      const editing = opened(text);
      expect(editing.now().text).toBe(text);
      editing.edit([renameStep("a", "build")]);
      expect(editing.now().text).toBe(text.replace("  a:", "  build:"));
      editing.undo();
      expect(editing.now().text).toBe(text);
    },
  );

  it("changes nothing where one of several edits is refused", () => {
    const editing = opened(FILE);
    expect(() => editing.edit([removeStep("a"), removeStep("c")])).toThrow(Refusal);
    expect(editing.now()).toMatchObject({ text: FILE, canUndo: false });
  });

  it("marks problems that stand beyond the end of the text", () => {
    const editing = opened("");
    expect(() => editing.mark([{ line: 9, column: 9, message: "x", severity: "error" }])).not.toThrow();
  });

  it("keeps its history without a pane", () => {
    const editing = opened(FILE);
    editing.edit([renameStep("a", "build")]);
    shut();
    editing.edit([removeStep("b")]);
    shut = editing.attach(pane);
    editing.undo();
    editing.undo();
    expect(editing.now().text).toBe(FILE);
  });
});
