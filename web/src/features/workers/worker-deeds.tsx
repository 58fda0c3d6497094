import { useQueryClient } from "@tanstack/react-query";
import { Pause, Play, Square } from "lucide-react";
import { useTranslation } from "react-i18next";
import { type WorkerBody, workersDrain, workersStop } from "@/api/generated";
import { Danger } from "@/ui/danger";
import { IconButton } from "@/ui/icon-button";
import { Deeds } from "@/ui/rows";
import { KEY } from "./api";

interface WorkerDeedsProps {
  worker: WorkerBody;
  /** Queues whose steps nobody else takes. */
  alone: readonly string[];
  /** Says at once what can be taken back. */
  tell: (what: "drain" | "resume") => void;
}

/** What an operator may tell a worker. It asks first where steps would be left waiting, or a process ends. */
export function WorkerDeeds({ worker: { id, name, commands }, alone, tell }: WorkerDeedsProps) {
  const { t } = useTranslation("workers");
  const queries = useQueryClient();
  const may = new Set(commands);
  const queues = alone.join(", ");
  const to = { path: { worker: id }, body: {} };
  const asking = { failed: t("not_told", { name }), done: () => queries.invalidateQueries({ queryKey: KEY }) };
  return (
    <Deeds>
      {may.has("resume") && <IconButton icon={Play} label={t("resume", { name })} act={() => tell("resume")} />}
      {may.has("drain") && alone.length === 0 && (
        <IconButton icon={Pause} label={t("drain", { name })} act={() => tell("drain")} />
      )}
      {may.has("drain") && alone.length > 0 && (
        <Danger
          {...asking}
          icon={<Pause size={14} aria-hidden />}
          label={t("drain", { name })}
          title={t("drain_title", { name })}
          says={t("drain_says", { queues })}
          act={() => workersDrain(to)}
        />
      )}
      {may.has("stop") && (
        <Danger
          {...asking}
          icon={<Square size={14} aria-hidden />}
          label={t("stop", { name })}
          title={t("stop_title", { name })}
          says={alone.length === 0 ? t("stop_says") : t("stop_alone", { queues })}
          act={() => workersStop(to)}
        />
      )}
    </Deeds>
  );
}
