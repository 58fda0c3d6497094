import { Handle, type Node, type NodeProps, Position } from "@xyflow/react";
import { CircleX, Copy, CornerDownRight, Filter, Flag, Globe, Hand, Info, Layers } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { translated } from "@/lib/sentences";
import styles from "./canvas.module.css";
import { KindIcon } from "./kinds";
import type { Drawn } from "./model/drawing";

export const BOX = { width: 190, height: 58 };

/** What the plan says about a step: null where no plan is shown. */
export interface Planned {
  readonly runs: boolean;
  readonly why: string;
}

export interface StepData extends Record<string, unknown> {
  readonly step: Drawn;
  readonly wrong: string;
  readonly noted: string;
  readonly planned: Planned | null;
  /** Lines lead from above to below, instead of from left to right. */
  readonly isDown: boolean;
}

export type StepNodeType = Node<StepData, "step">;

/** One step: what it is, what holds it, what is wrong with it, and whether it would run. */
export const StepNode = memo(function StepNode({ data, selected }: NodeProps<StepNodeType>) {
  const { t } = useTranslation("pipeline-editor");
  const { step, wrong, noted, planned, isDown } = data;
  const why = translated(planned?.why ?? "");
  return (
    <div
      className={styles.node}
      data-selected={selected}
      data-wrong={wrong !== ""}
      data-plan={planned === null ? undefined : planned.runs ? "runs" : "skipped"}
      title={[step.id, step.name, wrong, noted, why].filter(Boolean).join("\n")}
    >
      <Handle
        type="target"
        position={isDown ? Position.Top : Position.Left}
        title={t("canvas.into", { step: step.id })}
      />
      <span className={styles.kind}>
        <KindIcon kind={step.type} size={16} />
      </span>
      <span className={styles.words}>
        <strong>{step.id}</strong>
        <small>{planned !== null && !planned.runs ? why : step.name || step.uses || step.type}</small>
      </span>
      <span className={styles.badges}>
        {wrong !== "" && <Badge look="bad" says={wrong} icon={<CircleX size={14} />} />}
        {wrong === "" && noted !== "" && <Badge look="note" says={noted} icon={<Info size={13} />} />}
        {planned !== null && <PlanMark planned={planned} />}
        {step.approval && <Badge says={t("badge.approval")} icon={<Hand size={13} />} />}
        {step.legs !== 1 && (
          <Badge
            says={t("badge.matrix")}
            icon={<Copy size={12} />}
            text={step.legs === null ? "×?" : `×${step.legs}`}
          />
        )}
        {(step.condition !== "" || step.isFiltered) && (
          <Badge
            says={step.condition === "" ? t("badge.when") : t("badge.if", { text: step.condition })}
            icon={<Filter size={12} />}
          />
        )}
        {step.environment !== "" && (
          <Badge says={t("badge.environment", { name: step.environment })} icon={<Globe size={12} />} />
        )}
        {step.group !== "" && <Badge says={t("badge.group", { name: step.group })} icon={<Layers size={12} />} />}
        {step.section === "finally" && <Badge says={t("badge.finally")} icon={<Flag size={12} />} />}
      </span>
      <Handle
        type="source"
        position={isDown ? Position.Bottom : Position.Right}
        title={t("canvas.out_of", { step: step.id })}
      />
    </div>
  );
});

function PlanMark({ planned }: { planned: Planned }) {
  const { t } = useTranslation("pipeline-editor");
  return planned.runs ? null : (
    <Badge says={`${t("plan.skipped")}: ${translated(planned.why)}`} icon={<CornerDownRight size={13} />} />
  );
}

function Badge({ says, icon, text, look }: { says: string; icon: ReactNode; text?: string; look?: string }) {
  return (
    <span className={styles.badge} data-look={look} title={says}>
      {icon}
      {text}
      <span className="unseen">{says}</span>
    </span>
  );
}
