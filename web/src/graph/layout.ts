/** A box to be placed. `needs` are the boxes before it; those that are not there are passed over. */
export interface Box {
  readonly key: string;
  readonly needs: readonly string[];
}

/** Where a box stands: column and row, counted from 0. A row may be half, so that a box stands between two others. */
export interface Place {
  readonly column: number;
  readonly row: number;
}

/** `rows` and `columns` are how many there are; `edges` lead from a box to one that needs it. */
export interface Layout {
  readonly places: ReadonlyMap<string, Place>;
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly columns: number;
  readonly rows: number;
}

const SWEEPS = 4;

/**
 * Layers by the longest way (Sugiyama, Tagawa and Toda 1981), ordered by the mean place of the neighbours, a few sweeps
 * up and down. It costs about as much as there are boxes and edges, so that 1,000 boxes stand within milliseconds, and
 * depends on nothing but who needs whom: a status that changes moves nothing. Edges that a transitive one repeats are
 * left out of the drawing.
 */
export function layOut(boxes: readonly Box[]): Layout {
  const known = new Set(boxes.map(({ key }) => key));
  const before = new Map(boxes.map(({ key, needs }) => [key, [...new Set(needs)].filter((need) => known.has(need))]));
  const after = turned(before);
  const column = columnsOf(boxes, before, after);
  const layers = layersOf(boxes, column);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const turn = down ? layers : [...layers].reverse();
    const place = new Map(layers.flatMap((layer) => layer.map((key, at) => [key, at - layer.length / 2] as const)));
    for (const layer of turn) order(layer, down ? before : after, place);
  }
  const rows = Math.max(0, ...layers.map(({ length }) => length));
  const places = new Map(
    layers.flatMap((layer, at) => layer.map((key, row) => [key, { column: at, row: row + (rows - layer.length) / 2 }])),
  );
  return { places, edges: edgesOf(before, column), columns: layers.length, rows };
}

function turned(before: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const after = new Map([...before.keys()].map((key) => [key, [] as string[]]));
  for (const [key, needs] of before) for (const need of needs) after.get(need)?.push(key);
  return after;
}

/** One more than that of the latest box before it. What stands in a circle comes in the order of the file. */
function columnsOf(
  boxes: readonly Box[],
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): Map<string, number> {
  const column = new Map<string, number>();
  const open = new Map([...before].map(([key, needs]) => [key, needs.length]));
  const ready = boxes.filter(({ key }) => open.get(key) === 0).map(({ key }) => key);
  for (const key of ready) {
    column.set(key, 1 + Math.max(-1, ...(before.get(key) ?? []).map((need) => column.get(need) ?? 0)));
    for (const next of after.get(key) ?? []) {
      const left = (open.get(next) ?? 0) - 1;
      open.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  for (const { key } of boxes) if (!column.has(key)) column.set(key, 0);
  return column;
}

function layersOf(boxes: readonly Box[], column: ReadonlyMap<string, number>): string[][] {
  const layers: string[][] = [];
  for (const { key } of boxes) {
    const at = column.get(key) ?? 0;
    while (layers.length <= at) layers.push([]);
    layers[at]?.push(key);
  }
  return layers;
}

/** By the mean place of the neighbours; without any, where it stands. Sorting is stable, so that nothing swaps idly. */
function order(layer: string[], neighbours: ReadonlyMap<string, readonly string[]>, place: Map<string, number>): void {
  const wish = new Map(
    layer.map((key) => {
      const places = (neighbours.get(key) ?? []).map((other) => place.get(other) ?? 0);
      const mean = places.reduce((sum, one) => sum + one, 0) / places.length;
      return [key, places.length === 0 ? (place.get(key) ?? 0) : mean];
    }),
  );
  layer.sort((one, other) => (wish.get(one) ?? 0) - (wish.get(other) ?? 0));
  for (const [at, key] of layer.entries()) place.set(key, at - layer.length / 2);
}

const MOST_LOOKED_AT = 200_000;

/** All that are not implied: `a → c` says nothing new beside `a → b → c`. Beyond a budget, all. */
function edgesOf(before: ReadonlyMap<string, readonly string[]>, column: ReadonlyMap<string, number>) {
  const edges: (readonly [string, string])[] = [];
  let looked = 0;
  for (const [key, needs] of before) {
    const lowest = Math.min(...needs.map((need) => column.get(need) ?? 0));
    const implied = new Set<string>();
    const walk = needs.length < 2 ? [] : [...needs];
    const seen = new Set(walk);
    while (walk.length > 0 && looked < MOST_LOOKED_AT) {
      for (const earlier of before.get(walk.pop() ?? "") ?? []) {
        looked += 1;
        implied.add(earlier);
        if (!seen.has(earlier) && (column.get(earlier) ?? 0) > lowest) walk.push(earlier);
        seen.add(earlier);
      }
    }
    for (const need of needs) if (!implied.has(need)) edges.push([need, key]);
  }
  return edges;
}
