import { Minus, Plus } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { layOut, type Place } from "@/graph/layout";
import { lookOfStep } from "@/lib/status";
import { Button } from "@/ui/button";
import { Status } from "@/ui/status";
import { resolved } from "./model/needs";
import styles from "./steps.module.css";
import type { StepsProps } from "./steps-list";

const BOX = { width: 168, height: 34 };
const GAP = { column: 56, row: 12 };
const EDGE = 12; // around everything
const ZOOMS: readonly number[] = [0.25, 0.5, 0.75, 1, 1.25];

const left = ({ column }: Place) => EDGE + column * (BOX.width + GAP.column);
const top = ({ row }: Place) => EDGE + row * (BOX.height + GAP.row);

/** Who needs whom. Where a box stands follows from that alone, so that nothing jumps while it runs. */
export default function StepsGraph({ execution, chosen, choose }: StepsProps) {
  const { t } = useTranslation("execution-live");
  const [zoom, setZoom] = useState(1);
  const scroll = useRef<HTMLDivElement>(null);
  const steps = execution.step_executions;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the steps of an execution and their needs never change
  const layout = useMemo(() => layOut(resolved(steps)), [execution.id]);
  const size = {
    width: 2 * EDGE + layout.columns * (BOX.width + GAP.column) - GAP.column,
    height: 2 * EDGE + layout.rows * (BOX.height + GAP.row) - GAP.row,
  };
  const change = (by: 1 | -1) => setZoom(ZOOMS[ZOOMS.indexOf(zoom) + by] ?? zoom);
  useEffect(() => {
    scroll.current
      ?.querySelector(`[data-key="${CSS.escape(chosen)}"]`)
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  return (
    <div ref={scroll} className={styles.scroll}>
      <div className={styles.zoom}>
        <Button size="small" aria-label={t("zoom_out")} icon={<Minus size={12} />} onClick={() => change(-1)} />
        <Button size="small" aria-label={t("zoom_in")} icon={<Plus size={12} />} onClick={() => change(1)} />
      </div>
      <div style={{ width: size.width * zoom, height: size.height * zoom }}>
        <div className={styles.canvas} style={{ ...size, transform: `scale(${zoom})` }}>
          <svg width={size.width} height={size.height} aria-hidden>
            {layout.edges.map(([from, to]) => (
              <path
                key={`${from} ${to}`}
                d={curve(layout.places.get(from), layout.places.get(to))}
                data-on={from === chosen || to === chosen}
              />
            ))}
          </svg>
          {steps.map((step) => {
            const place = layout.places.get(step.key) ?? { column: 0, row: 0 };
            const look = lookOfStep(step);
            return (
              <button
                key={step.key}
                type="button"
                className={styles.node}
                data-key={step.key}
                data-tone={look.tone}
                aria-current={step.key === chosen ? "true" : undefined}
                title={`${step.name || step.key}${step.message === "" ? "" : `: ${step.message}`}`}
                style={{ left: left(place), top: top(place), ...BOX }}
                onClick={() => choose(step.key)}
              >
                <Status look={look} bare />
                <span className={styles.name}>{step.name || step.key}</span>
              </button>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function curve(from: Place | undefined, to: Place | undefined): string {
  if (from === undefined || to === undefined) return "";
  const [x, y] = [left(from) + BOX.width, top(from) + BOX.height / 2];
  const [x2, y2] = [left(to), top(to) + BOX.height / 2];
  const bend = Math.max(24, (x2 - x) / 2);
  return `M${x} ${y}C${x + bend} ${y} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
