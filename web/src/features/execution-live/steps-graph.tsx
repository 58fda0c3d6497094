import { ChevronDown, ChevronRight, Minus, Plus } from "lucide-react";
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody } from "@/api/generated";
import { type Layout, layOut, type Place } from "@/graph/layout";
import { useTranslated } from "@/lib/sentences";
import { lookOfStep } from "@/lib/status";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { Status } from "@/ui/status";
import { type Bundle, boxesOf, boxOf, bundlesOf, LARGE, sampleOf } from "./model/bundles";
import { bundleOf } from "./model/rows";
import styles from "./steps.module.css";
import type { StepsProps } from "./steps-list";
import { type Sight, useSight } from "./use-sight";

const BOX = { width: 156, height: 34 };
const GAP = { column: 40, row: 10 };
const EDGE = 12; // around everything
const ZOOMS: readonly number[] = [0.25, 0.5, 0.75, 1, 1.25];

const LEGIBLE = 0.75; // smaller than that only by hand
const CORNER: Place = { column: 0, row: 0 };

const left = ({ column }: Place) => EDGE + column * (BOX.width + GAP.column);
const top = ({ row }: Place) => EDGE + row * (BOX.height + GAP.row);

/** Who needs whom. Where a box stands follows from that alone, so that nothing jumps while it runs. */
export default function StepsGraph({ execution, chosen, choose }: StepsProps) {
  const { t } = useTranslation("execution-live");
  const [zoom, setZoom] = useState(1);
  const scroll = useRef<HTMLDivElement>(null);
  const sight = useSight(scroll);
  const steps = execution.step_executions;
  const bundles = useMemo(() => bundlesOf(steps), [steps]);
  const [closed, setClosed] = useState<ReadonlySet<string>>(
    () => new Set(bundles.filter((one) => one.steps.length >= LARGE).map(({ name }) => name)),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the steps of an execution and their needs never change
  const layout = useMemo(() => layOut(boxesOf(steps, closed)), [execution.id, closed]);
  const toggle = useCallback(
    (name: string) =>
      setClosed((now) => new Set(now.has(name) ? [...now].filter((one) => one !== name) : [...now, name])),
    [],
  );
  const toggleAll = () => setClosed(new Set(closed.size > 0 ? [] : bundles.map(({ name }) => name)));
  useKey("shift+e", t("keys.bundles"), toggleAll, { enabled: bundles.length > 0 });
  const its = bundleOf(steps.find(({ key }) => key === chosen));
  const box = closed.has(its) ? boxOf(its) : chosen;
  const size = {
    width: 2 * EDGE + layout.columns * (BOX.width + GAP.column) - GAP.column,
    height: 2 * EDGE + layout.rows * (BOX.height + GAP.row) - GAP.row,
  };
  useLayoutEffect(() => {
    const room = scroll.current?.clientWidth ?? 0;
    setZoom([...ZOOMS].reverse().find((one) => one <= 1 && (one <= LEGIBLE || size.width * one <= room)) ?? LEGIBLE);
  }, [size.width]);
  const change = (by: 1 | -1) => setZoom(ZOOMS[ZOOMS.indexOf(zoom) + by] ?? zoom);
  useEffect(() => {
    const place = layout.places.get(box);
    if (scroll.current !== null && place !== undefined) show(scroll.current, place, zoom);
  }, [box, layout, zoom]);
  return (
    <>
      {bundles.length === 0 ? null : (
        <fieldset className={styles.bundles} aria-label={t("bundles")}>
          {bundles.map(({ name, steps: members }) => (
            <button key={name} type="button" aria-expanded={!closed.has(name)} onClick={() => toggle(name)}>
              {closed.has(name) ? <ChevronRight size={12} aria-hidden /> : <ChevronDown size={12} aria-hidden />}
              {name} ×{members.length}
            </button>
          ))}
        </fieldset>
      )}
      <div ref={scroll} className={styles.scroll}>
        <div className={styles.zoom}>
          <Button size="small" aria-label={t("zoom_out")} icon={<Minus size={12} />} onClick={() => change(-1)} />
          <Button size="small" aria-label={t("zoom_in")} icon={<Plus size={12} />} onClick={() => change(1)} />
        </div>
        <div style={{ width: size.width * zoom, height: size.height * zoom }}>
          <div className={styles.canvas} style={{ ...size, transform: `scale(${zoom})` }}>
            <Edges layout={layout} chosen={box} {...size} />
            {bundles.map((bundle) => {
              const place = layout.places.get(boxOf(bundle.name));
              if (place === undefined || !isSeen(place, sight, zoom)) return null;
              const isChosen = bundle.name === its;
              return <BundleNode key={bundle.name} bundle={bundle} place={place} chosen={isChosen} open={toggle} />;
            })}
            {steps.map((step) => {
              if (closed.has(bundleOf(step))) return null;
              const place = layout.places.get(step.key) ?? CORNER;
              if (!isSeen(place, sight, zoom)) return null;
              return <Node key={step.key} step={step} place={place} chosen={step.key === chosen} choose={choose} />;
            })}
          </div>
        </div>
      </div>
    </>
  );
}

function isSeen(place: Place, sight: Sight, zoom: number): boolean {
  const [x, y] = [left(place) * zoom, top(place) * zoom];
  return x < sight.right && y < sight.bottom && x + BOX.width * zoom > sight.left && y + BOX.height * zoom > sight.top;
}

/** Scrolls no further than is needed. */
function show(frame: HTMLElement, place: Place, zoom: number): void {
  const [x, y] = [left(place) * zoom, top(place) * zoom];
  const { scrollLeft, scrollTop, clientWidth, clientHeight } = frame;
  const right = x + BOX.width * zoom + EDGE - clientWidth;
  const bottom = y + BOX.height * zoom + EDGE - clientHeight;
  frame.scrollTo(Math.min(x - EDGE, Math.max(scrollLeft, right)), Math.min(y - EDGE, Math.max(scrollTop, bottom)));
}

interface EdgesProps {
  layout: Layout;
  chosen: string;
  width: number;
  height: number;
}

/** All edges are one path, and those of the chosen step another: a browser draws two paths faster than thousands. */
const Edges = memo(function Edges({ layout, chosen, width, height }: EdgesProps) {
  const drawn = useMemo(
    () => layout.edges.map(([from, to]) => curve(layout.places.get(from), layout.places.get(to))),
    [layout],
  );
  const its = layout.edges.flatMap(([from, to], at) => (from === chosen || to === chosen ? [drawn[at]] : []));
  return (
    <svg width={width} height={height} aria-hidden>
      <path d={drawn.join("")} />
      <path d={its.join("")} data-on="true" />
    </svg>
  );
});

interface NodeProps {
  step: StepExecutionBody;
  place: Place;
  chosen: boolean;
  choose: (key: string) => void;
}

/** Drawn anew only when this step has changed. */
const Node = memo(function Node({ step, place, chosen, choose }: NodeProps) {
  const look = lookOfStep(step);
  const translated = useTranslated();
  return (
    <button
      type="button"
      className={styles.node}
      data-key={step.key}
      data-tone={look.tone}
      aria-current={chosen ? "true" : undefined}
      title={`${step.name || step.key}${step.message === "" ? "" : `: ${translated(step.message)}`}`}
      style={{ left: left(place), top: top(place), ...BOX }}
      onClick={() => choose(step.key)}
    >
      <Status look={look} bare />
      <span className={styles.name}>{step.name || step.key}</span>
    </button>
  );
});

interface BundleNodeProps {
  bundle: Bundle;
  place: Place;
  chosen: boolean;
  open: (name: string) => void;
}

/** Steps that are shown as one box: `test ×12`, and how many of them failed. A click shows them. */
function BundleNode({ bundle, place, chosen, open }: BundleNodeProps) {
  const { t } = useTranslation("execution-live");
  const { sample, failed } = sampleOf(bundle);
  if (sample === undefined) return null;
  const look = lookOfStep(sample);
  const says = `${bundle.name} ×${bundle.steps.length}`;
  return (
    <button
      type="button"
      className={`${styles.node} ${styles.stack}`}
      data-bundle={bundle.name}
      data-tone={look.tone}
      aria-expanded={false}
      aria-current={chosen ? "true" : undefined}
      title={says}
      style={{ left: left(place), top: top(place), ...BOX }}
      onClick={() => open(bundle.name)}
    >
      <Status look={look} bare />
      <span className={styles.name}>{says}</span>
      {failed > 0 ? <span className={styles.failed}>{t("group_failed", { count: failed })}</span> : null}
    </button>
  );
}

function curve(from: Place | undefined, to: Place | undefined): string {
  if (from === undefined || to === undefined) return "";
  const [x, y] = [left(from) + BOX.width, top(from) + BOX.height / 2];
  const [x2, y2] = [left(to), top(to) + BOX.height / 2];
  const bend = Math.max(24, (x2 - x) / 2);
  return `M${x} ${y}C${x + bend} ${y} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
