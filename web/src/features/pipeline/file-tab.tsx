import { useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Asked } from "@/ui/asked";
import { Code } from "@/ui/code";
import { verdict } from "./api";
import styles from "./parts.module.css";
import type { PartProps } from "./pipeline-page";
import { Problems } from "./problems";
import { Sync } from "./sync";

/** The text of the newest version, and what the server says about it today. */
export function FileTab({ pipeline, project }: PartProps) {
  const { t } = useTranslation("pipeline");
  const asked = useQuery(verdict(pipeline.id, pipeline.source));
  return (
    <>
      <div className={styles.bar}>
        <p className="muted">
          {pipeline.repository_path === ""
            ? t("file.here")
            : t("file.repository", { path: pipeline.repository_path, commit: pipeline.commit.slice(0, 12) })}
        </p>
        <Sync pipeline={pipeline} project={project} />
      </div>
      <Asked asked={asked} failed={t("file.unjudged")} rows={1}>
        {({ valid, steps, problems, notes }) => (
          <>
            {valid && (
              <p className={styles.good}>
                <CircleCheck size={14} aria-hidden /> {t("file.valid", { count: steps })}
              </p>
            )}
            <Problems problems={problems} notes={notes} />
          </>
        )}
      </Asked>
      <Code
        text={pipeline.source}
        label={t("file.label")}
        wrong={(asked.data?.problems ?? []).filter(({ file }) => file === "").map(({ line }) => line)}
      />
    </>
  );
}
