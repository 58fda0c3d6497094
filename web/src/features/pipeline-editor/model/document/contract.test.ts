import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { apply, splices } from "./edits";
import { type Path, Refusal } from "./refusal";
import { spliced } from "./splices";
import { addNeed, addStep, moveStep, removeNeed, removeStep, renameStep } from "./step-edits";
import { type Change, insertItem, moveEntry, renameKey, setAt, unsetAt } from "./value-edits";

/** The cases that the server holds as well: tests/document/test_edits.py reads the same files. */
const FOLDER = resolve("../contract/edits"); // vitest runs in web/

interface Fields {
  edit: string;
  path: Path;
  value: unknown;
  index: number;
  id: string;
  name: string;
  step: string;
  need: string;
  before?: string;
  after?: string;
  old: string;
  new: string;
}
interface Case {
  name: string;
  before: string;
  edit: Fields;
  after?: string;
  refused?: Record<string, unknown>;
}

const KINDS: Record<string, (fields: Fields) => Change> = {
  SetValue: ({ path, value }) => setAt(path, value),
  Unset: ({ path }) => unsetAt(path),
  InsertItem: ({ path, index, value }) => insertItem(path, index, value),
  MoveEntry: ({ path, index }) => moveEntry(path, index),
  RenameKey: ({ path, name }) => renameKey(path, name),
  AddStep: (fields) => addStep(fields),
  RemoveStep: ({ id }) => removeStep(id),
  MoveStep: ({ id, ...beside }) => moveStep(id, beside),
  RenameStep: ({ old, new: fresh }) => renameStep(old, fresh),
  AddNeed: ({ step, need }) => addNeed(step, need),
  RemoveNeed: ({ step, need }) => removeNeed(step, need),
};

function editFrom(fields: Fields): Change {
  const kind = KINDS[fields.edit];
  if (kind === undefined) throw new Error(`no edit ${fields.edit}`);
  return kind(fields);
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));

describe.each(files)("%s", (file) => {
  const cases = JSON.parse(readFileSync(join(FOLDER, file), "utf-8")) as Case[];
  it.each(cases)("$name", ({ before, edit, after, refused }) => {
    if (after !== undefined) {
      expect(apply(before, editFrom(edit))).toBe(after);
      expect(spliced(before, splices(before, editFrom(edit)))).toBe(after);
      return;
    }
    const refusal = refusalOf(() => apply(before, editFrom(edit)));
    const { code, message, hint } = refusal;
    // What the parser says about a text that is no YAML is told by the server.
    if (code === "syntax") expect(code).toBe(refused?.code);
    else expect({ code, message, hint, ...refusal.place(before) }).toEqual(refused);
  });
});

function refusalOf(act: () => unknown): Refusal {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
