export type Kind = "choice" | "list" | "text" | "number" | "boolean" | "map";

/** What somebody wants to know of a parameter, out of its JSON Schema. */
export interface Parameter {
  readonly name: string;
  /** All that a value may be. */
  readonly kinds: readonly Kind[];
  readonly choices: readonly string[];
  readonly fallback: string;
  readonly required: boolean;
  readonly description: string;
}

type Schema = { readonly [key: string]: unknown };

/** The parameters of a step type, in the order of its schema. */
export function parametersOf(schema: Schema): readonly Parameter[] {
  const required = new Set(listOf(schema.required));
  return Object.entries(asSchema(schema.properties)).map(([name, raw]) => {
    const own = asSchema(raw);
    const forms = leavesOf(own).filter((form) => !isExpression(form));
    return {
      name,
      kinds: [...new Set(forms.flatMap(kindsOf))],
      choices: [...new Set(forms.flatMap((form) => [...enumOf(form), ...enumOf(asSchema(form.items))]))],
      fallback:
        own.default === undefined ? "" : typeof own.default === "string" ? own.default : JSON.stringify(own.default),
      required: required.has(name),
      description: typeof own.description === "string" ? own.description : "",
    };
  });
}

/** Every form that a value may take, `anyOf` within `anyOf` laid flat. */
function leavesOf(schema: Schema): readonly Schema[] {
  const forms = Array.isArray(schema.anyOf) ? schema.anyOf : Array.isArray(schema.oneOf) ? schema.oneOf : undefined;
  return forms === undefined ? [schema] : forms.flatMap((form) => leavesOf(asSchema(form)));
}

/** A number may be written as an expression, and so on: true of nearly all, so it is not said of each. */
function isExpression(form: Schema): boolean {
  return form.type === "string" && typeof form.pattern === "string" && /\$\\\{|\{1,20\}/.test(form.pattern);
}

const KINDS: Readonly<Record<string, Kind>> = {
  integer: "number",
  number: "number",
  boolean: "boolean",
  object: "map",
};

function kindsOf(form: Schema): readonly Kind[] {
  if (enumOf(form).length > 0) return ["choice"];
  if (form.type === "array") return ["list"];
  const types = typeof form.type === "string" ? [form.type] : listOf(form.type);
  if (types.includes("string")) return ["text"]; // text takes numbers and yes or no as well
  return types.map((type) => KINDS[type]).filter((kind) => kind !== undefined);
}

function enumOf(form: Schema): readonly string[] {
  const own = Array.isArray(form.enum) ? form.enum.map(String) : [];
  return own.length > 0
    ? own
    : leavesOf(form).flatMap((leaf) => (Array.isArray(leaf.enum) ? leaf.enum.map(String) : []));
}

function asSchema(raw: unknown): Schema {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? (raw as Schema) : {};
}

function listOf(raw: unknown): readonly string[] {
  return Array.isArray(raw) ? raw.map(String) : [];
}
