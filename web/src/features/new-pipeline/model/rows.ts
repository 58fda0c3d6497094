import type { ListedStep, TypeBody } from "@/api/generated";
import { type Parameter, parametersOf } from "@/lib/parameters";

/** One step as the form has it. `id` tells rows apart; it is no part of the step. */
export interface Row {
  readonly id: number;
  readonly name: string;
  readonly step_type: string;
  readonly run: string;
  /** As they were typed, by name; those of another type than the chosen one are kept, and not sent. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Ids of rows that come before. */
  readonly needs: readonly number[];
}

/** A new row waits for the one before it: most pipelines begin as a chain. */
export function added(rows: readonly Row[]): readonly Row[] {
  const last = rows.at(-1);
  const id = Math.max(0, ...rows.map((row) => row.id)) + 1;
  return [
    ...rows,
    { id, name: "", step_type: "custom", run: "", parameters: {}, needs: last === undefined ? [] : [last.id] },
  ];
}

/** Who waited for it waits for what it waited for. */
export function removed(rows: readonly Row[], id: number): readonly Row[] {
  const gone = rows.find((row) => row.id === id);
  if (gone === undefined) return rows;
  return rows
    .filter((row) => row !== gone)
    .map((row) => {
      if (!row.needs.includes(id)) return row;
      const needs = row.needs.flatMap((need) => (need === id ? gone.needs : [need]));
      return { ...row, needs: [...new Set(needs)] };
    });
}

export function changed(rows: readonly Row[], id: number, change: Partial<Omit<Row, "id">>): readonly Row[] {
  return rows.map((row) => (row.id === id ? { ...row, ...change } : row));
}

/** As the API takes it. */
export function stepsOf(rows: readonly Row[], types: readonly TypeBody[]): ListedStep[] {
  const names = new Map(rows.map((row) => [row.id, row.name.trim()]));
  const known = new Map(types.map((type) => [type.name, parametersOf(type.parameters)]));
  return rows.map(({ name, step_type, run, needs, parameters }) => ({
    name: name.trim(),
    step_type,
    dependencies: needs.map((need) => names.get(need)).filter((needed) => needed !== undefined),
    ...(run.trim() === "" ? {} : { run }),
    ...withParameters(known.get(step_type) ?? [], parameters),
  }));
}

function withParameters(known: readonly Parameter[], typed: Row["parameters"]): Pick<ListedStep, "parameters"> {
  const given = known.filter(({ name }) => (typed[name] ?? "").trim() !== "");
  if (given.length === 0) return {};
  return { parameters: Object.fromEntries(given.map((one) => [one.name, valueOfText(one, typed[one.name] ?? "")])) };
}

/** In the type that the parameter wants; what does not fit goes as text, and the server says so. */
function valueOfText({ kinds }: Parameter, text: string): unknown {
  if (kinds.includes("boolean") && (text === "true" || text === "false")) return text === "true";
  if (kinds.includes("number") && !Number.isNaN(Number(text))) return Number(text);
  if (kinds.includes("list") && text.includes(","))
    return text
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
  return text;
}
