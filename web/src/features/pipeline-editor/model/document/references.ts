const TOKEN =
  /(?<space>\s+)|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.]))|(?<text>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")|(?<name>[A-Za-z_][A-Za-z0-9_-]*)|(?<operator>==|!=|<=|>=|&&|\|\||[<>!?:.,()[\]{}])/gu;
const IN_BRACES = /'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|\}\}/g;
const OPEN = "${{";

/** The text with `steps.old` and `steps['old']` reading `fresh`. `bare`: without braces it is an expression as a whole. */
export function renamedReferences(text: string, old: string, fresh: string, bare: boolean): string {
  return references(text, old, bare)
    .reverse()
    .reduce((result, at) => result.slice(0, at) + fresh + result.slice(at + old.length), text);
}

/** Where the id of the step stands. Outside of expressions everything is left alone. */
export function references(text: string, step: string, bare: boolean): number[] {
  let found = regions(text);
  if (found.length === 0 && bare) found = [[0, text.length]];
  return found.flatMap(([start, end]) => names(text.slice(start, end), step).map((at) => start + at));
}

function regions(text: string): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  let at = 0;
  for (let start = text.indexOf(OPEN, at); start >= 0; start = text.indexOf(OPEN, at)) {
    at = closing(text, start + 3);
    found.push([start + 3, at]);
  }
  return found;
}

function closing(text: string, from: number): number {
  IN_BRACES.lastIndex = from;
  for (let found = IN_BRACES.exec(text); found !== null; found = IN_BRACES.exec(text)) {
    if (found[0] === "}}") return found.index;
  }
  return text.length;
}

/** The places of the id, in `steps.id` and in `steps['id']`. */
function names(expression: string, wanted: string): number[] {
  const tokens = [...expression.matchAll(TOKEN)].filter(({ groups }) => groups?.space === undefined);
  return tokens.flatMap((token, index) => {
    const [joint, name] = [tokens[index + 1], tokens[index + 2]];
    if (joint === undefined || name === undefined || token[0] !== "steps" || tokens[index - 1]?.[0] === ".") return [];
    if (joint[0] === "." && name[0] === wanted) return [name.index];
    const isText = joint[0] === "[" && name.groups?.text !== undefined;
    return isText && name[0].slice(1, -1) === wanted ? [name.index + 1] : [];
  });
}
