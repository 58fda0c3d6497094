import { needName, SECTIONS, type Section } from "./document/steps";
import { at, dictAt, isDict, Num, type Value } from "./document/values";

/** A step as the canvas shows it. */
export interface Drawn {
  readonly id: string;
  readonly section: Section;
  /** "" for what a template puts in the place of the step. */
  readonly type: string;
  readonly uses: string;
  readonly name: string;
  readonly group: string;
  readonly needs: readonly Need[];
  /** How often it runs: the legs of a matrix, or `parallel`; null where an expression decides it. */
  readonly legs: number | null;
  readonly approval: boolean;
  readonly condition: string;
  readonly isFiltered: boolean;
  readonly environment: string;
}

/** A need as it is written: `name` is a step or a group, `steps` who that is. */
export interface Need {
  readonly name: string;
  readonly steps: readonly string[];
}

export interface Drawing {
  readonly steps: readonly Drawn[];
  readonly groups: readonly string[];
}

/** What there is to draw in a pipeline file; what does not look like a step is left to the text and its validator. */
export function drawingOf(value: Value): Drawing {
  const members = membersOf(value);
  const steps = SECTIONS.flatMap((section) =>
    [...dictAt(value, [section])].map(([id, body]) => drawn(id, section, body, members)),
  );
  return { steps, groups: [...members.keys()] };
}

function membersOf(value: Value): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>([...dictAt(value, ["groups"]).keys()].map((name) => [name, []]));
  for (const section of SECTIONS) {
    for (const [id, body] of dictAt(value, [section])) {
      const group = text(at(body, ["group"]));
      if (group !== "") members.set(group, [...(members.get(group) ?? []), id]);
    }
  }
  return members;
}

function drawn(id: string, section: Section, body: Value, members: ReadonlyMap<string, readonly string[]>): Drawn {
  const of = (key: string) => at(body, [key]);
  const uses = text(of("uses"));
  return {
    id,
    section,
    uses,
    type: uses === "" ? text(of("type")) || "custom" : "",
    name: text(of("name")),
    group: text(of("group")),
    needs: needNames(of("needs")).map((name) => ({ name, steps: members.get(name) ?? [name] })),
    legs: legsOf(of("matrix"), of("parallel")),
    approval: of("approval") !== null && of("approval") !== false,
    condition: text(of("if")),
    isFiltered: of("when") !== null,
    environment: text(isDict(of("environment")) ? at(of("environment"), ["name"]) : of("environment")),
  };
}

function needNames(needs: Value): string[] {
  const names = (Array.isArray(needs) ? needs : [needs]).map(needName);
  return [...new Set(names.filter((name) => typeof name === "string" && name !== ""))] as string[];
}

const AROUND = new Set(["include", "exclude", "max_parallel", "fail_fast"]);

/** The axes of a matrix: the keys that are no word of its own. */
export const axesOf = (matrix: Value): string[] =>
  isDict(matrix) ? [...matrix.keys()].filter((name) => !AROUND.has(name)) : [];

function legsOf(matrix: Value, parallel: Value): number | null {
  const times = parallel instanceof Num ? parallel.value : 1;
  if (matrix === null) return times;
  if (!isDict(matrix) || matrix.has("exclude")) return null;
  const axes = axesOf(matrix).map((name) => matrix.get(name));
  if (!axes.every(Array.isArray)) return null;
  const included = matrix.get("include") ?? [];
  if (!Array.isArray(included)) return null;
  if (axes.length > 0 && included.length > 0) return null; // which of them make a leg of their own, the server knows
  return times * (axes.length === 0 ? included.length : axes.reduce((legs, axis) => legs * axis.length, 1));
}

const text = (value: Value): string => (typeof value === "string" ? value : value instanceof Num ? value.text : "");

/** Boxes to be laid out: what runs at the end stands behind all the rest. */
export function boxesOf({ steps }: Drawing): { key: string; needs: string[] }[] {
  const needed = new Set(steps.flatMap(({ needs }) => needs.flatMap((need) => need.steps)));
  const last = steps.filter(({ id, section }) => section === "steps" && !needed.has(id)).map(({ id }) => id);
  return steps.map(({ id, section, needs }) => {
    const own = needs.flatMap((need) => need.steps);
    return { key: id, needs: section === "finally" && own.length === 0 ? last : own };
  });
}

export interface Line {
  readonly from: string;
  readonly to: string;
  /** What stands in `needs`: the step it leads from, or the group of that. */
  readonly need: string;
}

/** Every need as a line; all of them, so that each can be taken away. */
export function linesOf({ steps }: Drawing): Line[] {
  const known = new Set(steps.map(({ id }) => id));
  return steps.flatMap(({ id, needs }) =>
    needs.flatMap((need) =>
      need.steps.filter((from) => known.has(from)).map((from) => ({ from, to: id, need: need.name })),
    ),
  );
}

/** Whether a new need would close a circle. */
export function closesCircle(drawing: Drawing, from: string, to: string): boolean {
  return waitingFor(drawing, to).has(from);
}

/** Those that cannot come to an end before this step has: itself, and whoever needs it through others. */
export function waitingFor({ steps }: Drawing, id: string): ReadonlySet<string> {
  const followers = new Map<string, string[]>();
  for (const step of steps) {
    for (const need of step.needs.flatMap((one) => one.steps)) {
      const known = followers.get(need);
      if (known === undefined) followers.set(need, [step.id]);
      else known.push(step.id);
    }
  }
  const seen = new Set([id]);
  for (const one of seen) for (const next of followers.get(one) ?? []) seen.add(next); // a set gives out what is added
  return seen;
}
