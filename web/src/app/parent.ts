const PARENTS: readonly (readonly [RegExp, string])[] = [
  [/^\/(executions)\/\d+$/, "/$1"],
  [/^\/(executions\/\d+)\/steps\/[^/]+$/, "/$1"],
  [/^\/(pipelines|projects)\/\d+$/, "/$1"],
];

/** Where a page belongs; null where it stands by itself, or holds a text that one is writing. */
export function parentOf(path: string): string | null {
  const [pattern, parent] = PARENTS.find(([one]) => one.test(path)) ?? [];
  return pattern === undefined || parent === undefined ? null : path.replace(pattern, parent);
}
