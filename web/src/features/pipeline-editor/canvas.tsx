import {
  Background,
  type Connection,
  Controls,
  type Edge,
  MarkerType,
  type NodeChange,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  useStoreApi,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { LayoutGrid } from "lucide-react";
import { type DragEvent, type KeyboardEvent, memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { layOut } from "@/graph/layout";
import { useTheme } from "@/lib/use-theme";
import { Button } from "@/ui/button";
import styles from "./canvas.module.css";
import { DRAGGED } from "./library";
import { boxesOf, closesCircle, type Drawing, linesOf } from "./model/drawing";
import { BOX, type Planned, StepNode, type StepNodeType } from "./step-node";

const ACROSS = { column: 64, row: 20 }; // between the boxes, from left to right
const DOWN = { column: 44, row: 26 }; // from above to below
const KINDS = { step: StepNode };
const FIT = { padding: 0.08, maxZoom: 1, minZoom: 0.15 };
const READABLE = 0.7; // no smaller at first: then the beginning is shown
const DELETE = ["Delete", "Backspace"];
const MANY = 120; // beyond, only what is in sight is drawn

export interface CanvasProps {
  drawing: Drawing;
  chosen: string | undefined;
  /** By step: what is wrong, and what is to be noted. */
  wrong: ReadonlyMap<string, string>;
  noted: ReadonlyMap<string, string>;
  plan: ReadonlyMap<string, Planned> | null;
  /** The text cannot be read now: what is shown is what could be read last, and nothing can be changed. */
  isStale: boolean;
  /** The canvas is rather high than wide. */
  isDown: boolean;
  choose: (step: string | undefined) => void;
  connect: (from: string, to: string) => void;
  disconnect: (need: string, step: string) => void;
  remove: (step: string) => void;
  /** `key` is what was dragged out of the library. */
  place: (key: string, needs: readonly string[]) => void;
  undo: () => void;
  redo: () => void;
}

/** Drawn anew only when something that it shows has changed: there may be hundreds of steps. */
export default memo(function Canvas(props: CanvasProps) {
  return (
    <ReactFlowProvider>
      <Flow {...props} />
    </ReactFlowProvider>
  );
});

/** The steps and who waits for whom. The layout follows from that alone; a step can be pulled aside until it is arranged. */
function Flow(props: CanvasProps) {
  const { t } = useTranslation("pipeline-editor");
  const { drawing, chosen, isStale, choose } = props;
  const theme = useTheme();
  const [pulled, setPulled] = useState<ReadonlyMap<string, { x: number; y: number }>>(new Map());
  const [line, setLine] = useState("");
  const nodes = useNodes(props, pulled);
  const edges = useEdges(drawing, line);
  useMiddle(nodes);
  useKeepInSight(chosen, nodes);
  const begin = useBeginning(nodes);
  useFirstStep(nodes.length, begin);
  const changeNodes = useCallback(
    (changes: NodeChange<StepNodeType>[]) => {
      const places = changes.flatMap((change) =>
        change.type === "position" && change.position !== undefined ? [[change.id, change.position] as const] : [],
      );
      if (places.length > 0) setPulled((known) => new Map([...known, ...places]));
      const now = changes.find((change) => change.type === "select" && change.selected);
      const gone = changes.some((change) => change.type === "select" && !change.selected && change.id === chosen);
      if (now !== undefined && "id" in now) choose(now.id);
      else if (gone) choose(undefined);
    },
    [choose, chosen],
  );
  const isPossible = ({ source, target }: Connection | Edge) => {
    const end = (id: string) => drawing.steps.find((step) => step.id === id)?.section === "finally";
    return source !== target && !closesCircle(drawing, source, target) && (!end(source) || end(target));
  };
  const drop = (event: DragEvent) => {
    const key = event.dataTransfer.getData(DRAGGED);
    if (key === "" || isStale) return;
    event.preventDefault();
    const onto = (event.target as Element).closest<HTMLElement>(".react-flow__node")?.dataset.id;
    props.place(key, onto === undefined ? [] : [onto]);
  };
  const press = (event: KeyboardEvent) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    if (event.shiftKey) props.redo();
    else props.undo();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it holds the canvas, which takes the keys
    <div className={styles.canvas} data-stale={isStale} onDrop={drop} onDragOver={allowDrop} onKeyDown={press}>
      <ReactFlow
        aria-label={t("canvas.label")}
        colorMode={theme}
        nodes={nodes}
        edges={edges}
        nodeTypes={KINDS}
        onInit={begin}
        minZoom={0.1}
        maxZoom={1.6}
        nodesConnectable={!isStale}
        connectionRadius={36}
        deleteKeyCode={isStale ? null : DELETE}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        onlyRenderVisibleElements={nodes.length > MANY}
        isValidConnection={isPossible}
        onNodesChange={changeNodes}
        onEdgesChange={(changes) => {
          for (const change of changes) {
            if (change.type === "select")
              setLine((known) => (change.selected ? change.id : known === change.id ? "" : known));
          }
        }}
        onConnect={({ source, target }) => props.connect(source, target)}
        onDelete={({ nodes: gone, edges: lines }) => {
          for (const { id } of gone) props.remove(id);
          if (gone.length === 0) for (const { target, data } of lines) props.disconnect(String(data?.need), target);
        }}
        onPaneClick={() => choose(undefined)}
        ariaLabelConfig={{
          "node.a11yDescription.default": t("canvas.keys_step"),
          "node.a11yDescription.keyboardDisabled": t("canvas.keys_step"),
          "edge.a11yDescription.default": t("canvas.keys_line"),
          "controls.ariaLabel": t("canvas.controls"),
          "controls.zoomIn.ariaLabel": t("canvas.zoom_in"),
          "controls.zoomOut.ariaLabel": t("canvas.zoom_out"),
          "controls.fitView.ariaLabel": t("canvas.fit"),
        }}
      >
        <Background gap={20} size={1} color="var(--line)" />
        <Controls showInteractive={false} position="bottom-left" fitViewOptions={FIT} />
      </ReactFlow>
      {pulled.size > 0 && (
        <div className={styles.arrange}>
          <Button size="small" icon={<LayoutGrid size={13} />} onClick={() => setPulled(new Map())}>
            {t("canvas.arrange")}
          </Button>
        </div>
      )}
      {drawing.steps.length === 0 && !isStale && <p className={styles.nothing}>{t("canvas.empty")}</p>}
      {isStale && (
        <p className={styles.stale} aria-live="polite">
          {t("canvas.stale")}
        </p>
      )}
    </div>
  );
}

function allowDrop(event: DragEvent) {
  if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
}

function useNodes(
  { drawing, chosen, wrong, noted, plan, isDown }: CanvasProps,
  pulled: ReadonlyMap<string, { x: number; y: number }>,
): StepNodeType[] {
  const boxes = useMemo(() => boxesOf(drawing), [drawing]);
  const shape = JSON.stringify(boxes); // who needs whom: as long as that stays, nothing moves
  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the boxes
  const { places } = useMemo(() => layOut(boxes), [shape]);
  const plain = useMemo(
    () =>
      drawing.steps.map((step): StepNodeType => {
        const { column, row } = places.get(step.id) ?? { column: 0, row: 0 };
        const place = isDown
          ? { x: row * (BOX.width + DOWN.row), y: column * (BOX.height + DOWN.column) }
          : { x: column * (BOX.width + ACROSS.column), y: row * (BOX.height + ACROSS.row) };
        return {
          id: step.id,
          type: "step" as const,
          position: pulled.get(step.id) ?? place,
          ...BOX,
          measured: BOX,
          selected: false,
          ariaLabel: step.id,
          data: {
            step,
            wrong: wrong.get(step.id) ?? "",
            noted: noted.get(step.id) ?? "",
            planned: plan?.get(step.id) ?? null,
            isDown,
          },
        };
      }),
    [drawing, places, pulled, wrong, noted, plan, isDown],
  );
  // Of hundreds, only the two that are chosen before and after are drawn anew.
  return useMemo(() => plain.map((node) => (node.id === chosen ? { ...node, selected: true } : node)), [plain, chosen]);
}

function useEdges(drawing: Drawing, line: string): Edge[] {
  const { t } = useTranslation("pipeline-editor");
  return useMemo(
    () =>
      linesOf(drawing).map(({ from, to, need }) => {
        const id = `${from} → ${to}`;
        return {
          id,
          source: from,
          target: to,
          selected: id === line,
          data: { need },
          ariaLabel: t("canvas.line", { from, to }),
          markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
        };
      }),
    [drawing, line, t],
  );
}

/** Where to look from, to see all of it if it can be read then, and otherwise its beginning. */
function overview(nodes: readonly StepNodeType[], width: number, height: number) {
  const far = (side: "x" | "y", size: number) => Math.max(...nodes.map(({ position }) => position[side])) + size;
  const [right, bottom] = [far("x", BOX.width), far("y", BOX.height)];
  const edge = 28;
  const fit = Math.min(1, (width - 2 * edge) / right, (height - 2 * edge) / bottom);
  const zoom = Math.max(fit, READABLE);
  const start = (room: number, size: number) => Math.max((room - size * zoom) / 2, edge);
  return { x: start(width, right), y: start(height, bottom), zoom, isWhole: fit >= READABLE };
}

function useBeginning(nodes: readonly StepNodeType[]): () => void {
  const flow = useReactFlow();
  const store = useStoreApi();
  return () => {
    const { width, height } = store.getState();
    if (nodes.length > 0) void flow.setViewport(overview(nodes, width, height));
  };
}

/** What nobody has moved since it was laid out stays in the middle when the canvas becomes larger or smaller. */
function useMiddle(nodes: readonly StepNodeType[]): void {
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const before = useRef({ width, height });
  const latest = useRef(nodes);
  latest.current = nodes;
  useEffect(() => {
    const was = before.current;
    before.current = { width, height };
    if (was.width === 0 || width === 0 || latest.current.length === 0) return;
    const laid = overview(latest.current, was.width, was.height);
    const { x, y, zoom } = flow.getViewport();
    if (x === laid.x && y === laid.y && zoom === laid.zoom)
      void flow.setViewport(overview(latest.current, width, height));
  }, [width, height, flow]);
}

/** An empty canvas begins with its first step. */
function useFirstStep(steps: number, begin: () => void): void {
  const before = useRef(steps);
  const latest = useRef(begin);
  latest.current = begin;
  useEffect(() => {
    if (before.current === 0 && steps > 0) latest.current();
    before.current = steps;
  }, [steps]);
}

/** A step that has just been chosen elsewhere, or made, is brought into sight; where all is in sight nothing moves. */
function useKeepInSight(chosen: string | undefined, nodes: readonly StepNodeType[]): void {
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const latest = useRef(nodes);
  latest.current = nodes;
  const place = nodes.find(({ id }) => id === chosen)?.position;
  const [x, y] = [place?.x, place?.y];
  useEffect(() => {
    if (x === undefined || y === undefined || width === 0) return;
    const { x: left, y: top, zoom } = flow.getViewport();
    const [screenX, screenY] = [x * zoom + left, y * zoom + top];
    const fits =
      screenX >= 0 && screenY >= 0 && screenX + BOX.width * zoom <= width && screenY + BOX.height * zoom <= height;
    if (fits) return;
    const all = overview(latest.current, width, height);
    if (all.isWhole) void flow.setViewport(all);
    else void flow.setCenter(x + BOX.width / 2, y + BOX.height / 2, { zoom });
  }, [x, y, width, height, flow]);
}
