import { describe, expect, it } from "vitest";
import { addAxis, connect, freshId, place, setKey } from "./canvas-edits";
import { apply, sourceOf } from "./document/edits";
import { load } from "./document/load";
import { Refusal } from "./document/refusal";
import type { Change } from "./document/value-edits";
import { at, Num } from "./document/values";
import { boxesOf, closesCircle, drawingOf, linesOf, waitingFor } from "./drawing";
import { fieldsOf, shownIn, writtenFrom } from "./fields";
import { fileText, lineEndsOf, shownAt, shownText } from "./line-ends";
import { said } from "./short-forms";

const saidBy = (text: string) => load(text).value;
const edited = (text: string, edits: (value: ReturnType<typeof saidBy>) => Change[]) =>
  edits(saidBy(text)).reduce(apply, text);

describe("line ends", () => {
  it.each(["a\r\nb\r\n", "a\nb\n", "a\r\nb\nc", "\r\n", "", "a\rb\r\n", "\ufeffa\r\nb"])(
    "%j comes back as it was",
    (text) => {
      const ends = lineEndsOf(text);
      expect(fileText(ends, shownText(ends, text))).toBe(text);
    },
  );

  it("finds a place of the file in what is shown", () => {
    const text = "one\r\ntwo\r\nthree";
    const ends = lineEndsOf(text);
    expect(shownText(ends, text).slice(shownAt(ends, text, text.indexOf("three")))).toBe("three");
    expect(shownAt(ends, text, 0)).toBe(0);
  });
});

const FILE = `steps:
  source: {type: fetch_code}
  unit:
    type: test
    group: checks
    needs: source
    matrix: {python: [3.11, 3.12], os: [a, b, c]}
  lint: {group: checks, run: make lint, parallel: 4}
  ship:
    type: deploy
    needs: [checks, {step: source, optional: true}]
    environment: {name: production}
    approval: {required: 2}
    if: success()
  tool: {uses: ./t.yml}
finally:
  tell: echo done
`;

describe("the drawing", () => {
  const drawing = drawingOf(saidBy(FILE));
  const of = (id: string) => drawing.steps.find((step) => step.id === id);

  it("shows what a step is and what holds it", () => {
    expect(drawing.steps.map(({ id }) => id)).toEqual(["source", "unit", "lint", "ship", "tool", "tell"]);
    expect(of("unit")).toMatchObject({ type: "test", legs: 6, group: "checks" });
    expect(of("lint")).toMatchObject({ type: "custom", legs: 4 });
    expect(of("ship")).toMatchObject({ approval: true, condition: "success()", environment: "production" });
    expect(of("tool")).toMatchObject({ type: "", uses: "./t.yml" });
    expect(of("tell")).toMatchObject({ section: "finally", type: "custom" });
  });

  it("draws the need of a group from each of its steps", () => {
    expect(linesOf(drawing)).toEqual([
      { from: "source", to: "unit", need: "source" },
      { from: "unit", to: "ship", need: "checks" },
      { from: "lint", to: "ship", need: "checks" },
      { from: "source", to: "ship", need: "source" },
    ]);
  });

  it("puts what runs at the end behind the rest", () => {
    expect(boxesOf(drawing).at(-1)).toEqual({ key: "tell", needs: ["ship", "tool"] });
  });

  it("sees a circle before it is closed", () => {
    expect(closesCircle(drawing, "ship", "source")).toBe(true);
    expect(closesCircle(drawing, "source", "tool")).toBe(false);
  });

  it("knows who cannot end before a step, also through groups", () => {
    expect([...waitingFor(drawing, "source")].sort()).toEqual(["ship", "source", "unit"]);
    expect([...waitingFor(drawing, "ship")]).toEqual(["ship"]);
  });

  it("knows no number of legs where exclude or an expression decides it", () => {
    const legs = (matrix: string) => drawingOf(saidBy(`steps: {a: {run: x, matrix: ${matrix}}}`)).steps[0]?.legs;
    expect(legs("{a: [1, 2], exclude: [{a: 1}]}")).toBeNull();
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of a pipeline file
    expect(legs('{a: "${{ inputs.x }}"}')).toBeNull();
    expect(legs("{include: [{a: 1}, {a: 2}]}")).toBe(2);
  });

  it("survives what is no pipeline", () => {
    for (const text of [
      "",
      "a",
      "[1]",
      "steps: x",
      "steps: [a]",
      "steps: {a: }",
      "steps: {a: [x], b: {needs: {x: 1}}}",
    ]) {
      expect(() => boxesOf(drawingOf(saidBy(text)))).not.toThrow();
    }
  });
});

describe("what is done on the canvas", () => {
  const TEST = { name: "test", type: "test", example: "type: test\nwith:\n  tool: pytest\n" };

  it("places a step behind what it needs, as the example of its type", () => {
    const text = "steps:\n  a: make  # first\n  b:\n    run: x\n";
    expect(place(saidBy(text), TEST, ["a"]).edits.reduce(apply, text)).toBe(
      "steps:\n  a: make  # first\n  test:\n    type: test\n    needs: a\n    with:\n      tool: pytest\n  b:\n    run: x\n",
    );
  });

  it("places the next one behind its brothers", () => {
    const text = "steps:\n  a: make\n  b: {needs: a, run: x}\n  c: {needs: b, run: x}\n";
    const { edits } = place(saidBy(text), { name: "custom", type: "custom", example: "" }, ["a"]);
    expect(edits.reduce(apply, text)).toBe(
      "steps:\n  a: make\n  b: {needs: a, run: x}\n  custom:\n    type: custom\n    needs: a\n  c: {needs: b, run: x}\n",
    );
  });

  it("begins a file", () => {
    const text = "version: 1\nname: shop\n\nsteps:\n";
    expect(
      place(saidBy(text), { name: "custom", type: "custom", example: "run: make" }, []).edits.reduce(apply, text),
    ).toBe("version: 1\nname: shop\n\nsteps:\n  custom:\n    type: custom\n    run: make\n");
  });

  it("places a saved step with all that it says, under its own name", () => {
    const text = "steps:\n  a: make  # first\n";
    const saved = {
      name: "unit tests",
      type: "test",
      example: "# ours\ntype: test\ntimeout: 10m\nwith:\n  tool: pytest\n  paths: [a, b]\nx-team: shop\n",
    };
    expect(place(saidBy(text), saved, ["a"]).edits.reduce(apply, text)).toBe(
      `${text}  unit-tests:\n    type: test\n    needs: a\n    timeout: 10m\n    with:\n      tool: pytest\n      paths: [a, b]\n    x-team: shop\n`,
    );
  });

  it("places a saved step that is one command, and one whose type a template says", () => {
    const text = "steps:\n  a: make\n";
    expect(
      place(saidBy(text), { name: "go", type: "custom", example: "make go\n" }, []).edits.reduce(apply, text),
    ).toBe(`${text}  go:\n    type: custom\n    run: make go\n`);
    const uses = { name: "go", type: "", example: "uses: ./go.yml\n" };
    expect(place(saidBy(text), uses, []).edits.reduce(apply, text)).toBe(`${text}  go:\n    uses: ./go.yml\n`);
  });

  it("refuses a saved step that it cannot read, rather than leave out what it says", () => {
    expect(() => place(saidBy("steps:\n  a: make\n"), { name: "b", type: "custom", example: "run: [" }, [])).toThrow(
      Refusal,
    );
  });

  it("gives ids that are free", () => {
    expect(freshId(saidBy(FILE), "security_scan")).toBe("security-scan");
    expect(freshId(saidBy("steps: {test: a, test-2: b}"), "test")).toBe("test-3");
    expect(freshId(saidBy(FILE), "checks")).toBe("checks-2");
  });

  it("lets a step in short form wait", () => {
    const text = "steps:\n  a: make\n  b: make test   # why\n";
    expect(edited(text, (value) => connect(value, "a", "b"))).toBe(
      "steps:\n  a: make\n  b:   # why\n    needs: a\n    run: make test\n",
    );
  });

  it("declares a group that nobody had named before", () => {
    const text = "steps:\n  a:\n    run: x\n";
    const grouped = edited(text, (value) => setKey(value, "a", ["group"], "checks"));
    expect(grouped).toBe("steps:\n  a:\n    run: x\n    group: checks\ngroups:\n  checks: {}\n");
    expect(setKey(saidBy(grouped), "a", ["group"], "checks")).toHaveLength(1);
  });

  it("draws the same line once", () => {
    expect(connect(saidBy("steps: {a: x, b: {needs: a, run: y}}"), "a", "b")).toEqual([]);
  });

  it("takes away a parameter, and `with` with the last one", () => {
    const text = "steps:\n  a:\n    with:\n      x: 1  # one\n      y: 2\n    run: z\n";
    const one = edited(text, (value) => setKey(value, "a", ["with", "x"], undefined));
    expect(one).toBe("steps:\n  a:\n    with:\n      y: 2\n    run: z\n");
    expect(edited(one, (value) => setKey(value, "a", ["with", "y"], undefined))).toBe("steps:\n  a:\n    run: z\n");
    expect(setKey(saidBy(one), "a", ["with", "x"], undefined)).toEqual([]);
  });
});

describe("what the forms of approvals and matrices do", () => {
  const set = (text: string, keys: readonly string[], wanted: Parameters<typeof setKey>[3]) =>
    edited(text, (value) => setKey(value, "a", keys, wanted));

  it("writes a short form out where it must say more, and takes details back to it", () => {
    const step = (approval: string) => `steps:\n  a:\n    run: x\n    approval: ${approval}  # why\n`;
    const required = set(step("Ship it?"), ["approval", "required"], new Num("int", "2"));
    expect(required).toBe(
      "steps:\n  a:\n    run: x\n    approval:  # why\n      message: Ship it?\n      required: 2\n",
    );
    expect(set(step("true"), ["approval", "approvers", "groups"], ["release"])).toBe(
      "steps:\n  a:\n    run: x\n    approval:  # why\n      approvers:\n        groups: [release]\n",
    );
    expect(set(step("{approvers: [ann]}"), ["approval", "approvers", "groups"], ["release"])).toBe(
      step("{approvers: {users: [ann], groups: [release]}}"),
    );
    expect(set(step("{approvers: {users: ann}}"), ["approval", "approvers", "users"], undefined)).toBe(step("true"));
    expect(set(step("Ship it?"), ["approval", "message"], undefined)).toBe(step("true"));
    expect(setKey(saidBy(step("true")), "a", ["approval", "message"], undefined)).toEqual([]);
  });

  it("reads a short form as what it stands for", () => {
    const body = (approval: string) => at(saidBy(`steps: {a: {approval: ${approval}}}`), ["steps", "a"]);
    expect(said(body("Ship it?"), ["approval", "message"])).toBe("Ship it?");
    expect(said(body("true"), ["approval", "message"])).toBeNull();
    expect(said(body("{approvers: [ann]}"), ["approval", "approvers", "users"])).toEqual(["ann"]);
    expect(said(body("{approvers: {groups: g}}"), ["approval", "approvers", "users"])).toBeNull();
  });

  it("touches only the items of a list that differ", () => {
    const text = "steps:\n  a:\n    outputs:\n      - one  # first\n      - two\n      - three  # last\n    run: x\n";
    expect(set(text, ["outputs"], ["one", "2", "three"])).toBe(text.replace("- two", '- "2"'));
    expect(set(text, ["outputs"], ["one", "three"])).toBe(text.replace("      - two\n", ""));
    expect(set(text, ["outputs"], ["one", "two", "more", "three"])).toBe(
      text.replace("- two\n", "- two\n      - more\n"),
    );
    expect(setKey(saidBy(text), "a", ["outputs"], ["one", "two", "three"])).toEqual([]);
  });

  it("adds an axis and takes it away, and the matrix with the last one", () => {
    const text = "steps:\n  a: make  # why\n";
    const python = edited(text, (value) => addAxis(value, "a", "python: 3.10, 3.11"));
    expect(python).toBe("steps:\n  a:  # why\n    run: make\n    matrix:\n      python: [3.10, 3.11]\n");
    const more = set(python, ["matrix", "python"], writtenFrom("items", "3.10\n3.11\n3.12", saidBy("[3.10, 3.11]")));
    expect(more).toBe(python.replace("3.11]", "3.11, 3.12]"));
    expect(set(more, ["matrix", "python"], undefined)).toBe("steps:\n  a:  # why\n    run: make\n");
    for (const line of ["python", "python:", ": 1", "python: ["])
      expect(() => addAxis(saidBy(text), "a", line)).toThrow(Refusal);
  });

  it("shows items as the file writes them, and reads them so", () => {
    const items = saidBy("[{os: linux, python: 3.10}, {os: mac, extra: [1, 2]}]");
    const shown = "os: linux, python: 3.10\nos: mac, extra: [1, 2]";
    expect(shownIn("items", items)).toBe(shown);
    expect(writtenFrom("items", shown, items)).toEqual(items);
    expect(shownIn("items", saidBy("[ticket, 'a: b']"))).toBeNull();
    expect(shownIn("items", "ticket")).toBe("ticket");
    expect(writtenFrom("items", "name: when, required: true", "ticket")).toEqual(
      new Map<string, unknown>([
        ["name", "when"],
        ["required", true],
      ]),
    );
    expect(() => writtenFrom("items", "a: [", null)).toThrow(Refusal);
  });
});

describe("the form of a step", () => {
  const expression = { type: "string", pattern: "\\$\\{\\{" };
  const word = { type: ["string", "number", "boolean"] };
  const schema = {
    type: "object",
    required: ["target"],
    properties: {
      target: { ...word, description: "Where to." },
      verify: { ...word, "x-multiline": true },
      depth: {
        anyOf: [{ type: "integer" }, { type: "string", pattern: "^(?:-?[0-9]{1,20})$" }, expression],
        default: 0,
      },
      lfs: { anyOf: [{ type: "boolean" }, expression], default: false },
      submodules: {
        anyOf: [{ anyOf: [{ type: "boolean" }, expression] }, { anyOf: [{ enum: ["recursive"] }, expression] }],
      },
      tool: { anyOf: [{ enum: ["npm", "make"] }, expression] },
      only: {
        anyOf: [
          { anyOf: [{ enum: ["a", "b"] }, expression] },
          { type: "array", items: { anyOf: [{ enum: ["a", "b"] }, expression] } },
        ],
      },
      paths: { anyOf: [word, { type: "array", items: word }] },
      channels: { anyOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] },
    },
  };

  it("asks for each parameter as its schema allows", () => {
    const fields = fieldsOf(schema);
    expect(fields.map(({ name, kind }) => [name, kind])).toEqual([
      ["target", "text"],
      ["verify", "long"],
      ["depth", "number"],
      ["lfs", "switch"],
      ["submodules", "choice"],
      ["tool", "choice"],
      ["only", "choices"],
      ["paths", "list"],
      ["channels", "in_text"],
    ]);
    expect(fields[0]).toMatchObject({ about: "Where to.", required: true });
    expect(fields[2]?.otherwise).toBe("0");
    expect(fields[4]?.options).toEqual(["true", "false", "recursive"]);
    expect(fields[6]?.options).toEqual(["a", "b"]);
  });

  it("shows what the file says, or says that it cannot", () => {
    expect(shownIn("text", new Num("float", "3.10"))).toBe("3.10");
    expect(shownIn("list", ["a", new Num("int", "7")])).toBe("a\n7");
    expect(shownIn("text", ["a"])).toBeNull();
    expect(shownIn("choice", new Map())).toBeNull();
    expect(shownIn("list", ["a\nb"])).toBeNull();
  });

  it("writes numbers as they were typed, and expressions as text", () => {
    expect(writtenFrom("number", "3.50", null)).toEqual(new Num("float", "3.50"));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of a pipeline file
    expect(writtenFrom("number", "${{ inputs.n }}", null)).toBe("${{ inputs.n }}");
    expect(writtenFrom("switch", "true", null)).toBe(true);
    expect(writtenFrom("list", "a", "b")).toBe("a");
    expect(writtenFrom("list", "7\nb", [new Num("int", "7")])).toEqual([new Num("int", "7"), "b"]);
    expect(writtenFrom("text", "  ", "x")).toBeUndefined();
  });
});

it("an edit of a file with 300 steps leaves its tree at hand for the next one", () => {
  const text = `steps:\n${Array.from({ length: 300 }, (_, i) => `  s${i}:\n    run: make\n`).join("")}`;
  const next = connect(sourceOf(text).value, "s1", "s2").reduce(apply, text);
  expect(sourceOf(next)).toBe(sourceOf(next));
  expect(next).toContain("  s2:\n    needs: s1\n    run: make\n");
});
