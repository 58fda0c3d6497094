/** A YAML text as a tree of nodes that know where they stand, as the server has it. */
interface Placed {
  /** Where it begins, its anchor and tag included; counted without a byte order mark. */
  readonly start: number;
  /** Exact for what is no block collection. */
  readonly end: number;
  readonly anchor: string | undefined;
  readonly tag: string | undefined;
  /** This node and all below it, aliases expanded. */
  readonly size: number;
}

/** `style` is the character that opens it: `'`, `"`, `|`, `>`, or nothing for a plain one. */
export interface ScalarNode extends Placed {
  readonly kind: "scalar";
  readonly text: string;
  readonly style: string;
}

export interface SequenceNode extends Placed {
  readonly kind: "sequence";
  readonly flow: boolean;
  readonly items: readonly Node[];
}

export interface MappingNode extends Placed {
  readonly kind: "mapping";
  readonly flow: boolean;
  readonly pairs: readonly (readonly [Node, Node])[];
}

export interface AliasNode extends Placed {
  readonly kind: "alias";
  readonly target: Node;
}

export type Collection = SequenceNode | MappingNode;
export type Node = ScalarNode | Collection | AliasNode;

export const isCollection = (node: Node | undefined): node is Collection =>
  node?.kind === "mapping" || node?.kind === "sequence";

/** The node that an alias stands for; any other node is itself. */
export const followed = (node: Node): Node => (node.kind === "alias" ? node.target : node);

export const isMerge = (key: Node): boolean => key.kind === "scalar" && key.text === "<<" && key.style === "";

/** The maps that `<<: value` brings in, the strongest first; other values bring nothing. */
function mergedMaps(value: Node): MappingNode[] {
  const node = followed(value);
  const items = node.kind === "sequence" ? node.items : [node];
  return items.map(followed).filter((item) => item.kind === "mapping");
}

export const isKey = (node: Node, name: string | number): boolean => node.kind === "scalar" && node.text === name;

/** Whether a merge key brings the name into the map. */
export function merges(node: MappingNode, name: string): boolean {
  return node.pairs.some(
    ([key, value]) =>
      isMerge(key) &&
      mergedMaps(value).some((map) => map.pairs.some(([inner]) => isKey(inner, name)) || merges(map, name)),
  );
}

/** The node and all that is written in it; what an alias stands for is written elsewhere. */
export function* below(node: Node): Generator<Node> {
  yield node;
  if (node.kind === "mapping") {
    for (const [key, value] of node.pairs) {
      yield* below(key);
      yield* below(value);
    }
  } else if (node.kind === "sequence") {
    for (const item of node.items) yield* below(item);
  }
}

export function sizeOf(node: Node): number {
  return node.kind === "mapping" ? node.pairs.length : node.kind === "sequence" ? node.items.length : 0;
}
