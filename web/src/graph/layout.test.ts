import { expect, test } from "vitest";
import { type Box, layOut } from "./layout";

const boxes = (needs: Record<string, string>): Box[] =>
  Object.entries(needs).map(([key, before]) => ({ key, needs: before.split(" ").filter((need) => need !== "") }));

test("a box stands behind all that it needs", () => {
  const { places, columns, rows } = layOut(boxes({ source: "", unit: "source", scan: "source", ship: "unit scan" }));
  expect([...places].map(([key, { column }]) => [key, column])).toEqual([
    ["source", 0],
    ["unit", 1],
    ["scan", 1],
    ["ship", 2],
  ]);
  expect([columns, rows, places.get("source")?.row]).toEqual([3, 2, 0.5]);
});

test("an edge that two others imply is not drawn", () => {
  expect(layOut(boxes({ a: "", b: "a", c: "a b", d: "a c" })).edges).toEqual([
    ["a", "b"],
    ["b", "c"],
    ["c", "d"],
  ]);
});

test("edges are kept from crossing where that is easy", () => {
  const { places } = layOut(boxes({ a: "", b: "", y: "b", x: "a" }));
  expect((places.get("x")?.row ?? 0) < (places.get("y")?.row ?? 0)).toBe(
    (places.get("a")?.row ?? 0) < (places.get("b")?.row ?? 0),
  );
});

test("what is needed and not there is passed over, and a circle does no harm", () => {
  const { places, edges } = layOut(boxes({ a: "gone a2", a2: "a", b: "gone" }));
  expect([...places.keys()].sort()).toEqual(["a", "a2", "b"]);
  expect(edges).not.toContainEqual(["gone", "b"]);
  expect(layOut([])).toEqual({ places: new Map(), edges: [], columns: 0, rows: 0 });
});

test("no two boxes share a place, however many there are", () => {
  const layer = (from: number, needs: string[]): Box[] =>
    Array.from({ length: 40 }, (_, at) => ({ key: `s${from + at}`, needs }));
  const all: Box[] = [];
  for (let at = 0; at < 1000; at += 40)
    all.push(
      ...layer(
        at,
        all.slice(-40).map(({ key }) => key),
      ),
    );
  const { places } = layOut(all);
  expect(new Set([...places.values()].map(({ column, row }) => `${column}/${row}`)).size).toBe(1000);
});
