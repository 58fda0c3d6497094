import type { AskedInput } from "@/api/generated";
import type { Said } from "@/lib/said";

/** The name that an input's control has in the form: others stand beside it. */
export const controlOf = (input: Pick<AskedInput, "name">) => `input:${input.name}`;

/** What the form says, in the types that the file declares. What was left empty is left out: then the default holds. */
export function parametersOf(inputs: readonly AskedInput[], said: Said): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {};
  for (const input of inputs) {
    const value = typed(input, said);
    if (value !== undefined) found[input.name] = value;
  }
  return found;
}

function typed(input: AskedInput, said: Said): string | number | boolean | undefined {
  const control = controlOf(input);
  if (input.type === "boolean") return said.isTicked(control);
  const text = said.exact(control);
  if (text === "" && !isDefault("", input)) return undefined;
  if (input.type !== "number") return text;
  const number = Number(text);
  return Number.isNaN(number) ? text : number; // the server says what is wrong with a number that is none
}

/** Somebody may want the empty text where the default is another; it cannot be told from leaving it empty. */
function isDefault(text: string, input: AskedInput): boolean {
  return input.default === text;
}

/** What an input shows before anybody has touched it. */
export function shownDefault({ default: value }: Pick<AskedInput, "default">): string {
  return value === null || value === undefined ? "" : String(value);
}
