import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { FilePlay, Pencil, RotateCcw, SkipForward } from "lucide-react";
import { useTranslation } from "react-i18next";
import { cicdExecutionsRerun, cicdExecutionsRetry, type WholeExecutionBody } from "@/api/generated";
import { useKey } from "@/lib/use-key";
import { useSending } from "@/lib/use-sending";
import { Button } from "@/ui/button";
import { LinkButton } from "@/ui/link-button";
import { Failure } from "@/ui/states";
import { pipeline } from "./api";
import { useMay, useMayRun } from "./use-may";

type How = "failed" | "all" | "latest";

/** Of what has ended: its text can be mended, and it runs again, with the text of then or of now, or only what failed. */
export function Again({ execution }: { execution: WholeExecutionBody }) {
  const { t } = useTranslation(["execution-live", "app"]);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const now = useQuery(pipeline(execution.pipeline)).data;
  const { mayRun, rests } = useMayRun(execution);
  const begin = useSending({
    mutationFn: (how: How) => started(execution.id, how),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ["executions", "list"] });
      void navigate({ to: "/executions/$id", params: { id: String(id) } });
    },
  });
  useKey("r", t("keys.rerun"), () => begin.mutate("all"), { enabled: mayRun && !begin.isPending });
  const button = (how: How) => ({
    loading: begin.isPending && begin.variables === how,
    disabled: begin.isPending,
    onClick: () => begin.mutate(how),
  });
  const mayEdit = useMay(execution, "pipeline.change") && now?.archived_at === null;
  const isNewer = mayRun && now !== undefined && execution.version !== null && now.version > execution.version;
  // What comes late stands first: the row grows to the left, so that nothing moves under the mouse.
  return (
    <>
      {rests !== null && <span className="muted">{t(`app:rests.${rests}`)}</span>}
      {mayEdit && (
        <LinkButton link={{ to: "/pipelines/$id/edit", params: { id: String(execution.pipeline) } }}>
          <Pencil size={13} aria-hidden /> {t("edit")}
        </LinkButton>
      )}
      {isNewer && (
        <Button icon={<FilePlay size={14} />} title={t("rerun_latest_says")} {...button("latest")}>
          {t("rerun_latest", { version: now.version })}
        </Button>
      )}
      {mayRun && execution.status !== "success" && (
        <Button type="primary" icon={<SkipForward size={14} />} {...button("failed")}>
          {t("retry")}
        </Button>
      )}
      {mayRun && (
        <Button icon={<RotateCcw size={14} />} {...button("all")}>
          {t("rerun")}
        </Button>
      )}
      {begin.error !== null && <Failure what={t("not_done")} error={begin.error} />}
    </>
  );
}

async function started(id: number, how: How): Promise<WholeExecutionBody> {
  const path = { id };
  if (how === "failed") return (await cicdExecutionsRetry({ path })).data;
  return (await cicdExecutionsRerun({ path, body: how === "latest" ? { version: "latest" } : {} })).data;
}
