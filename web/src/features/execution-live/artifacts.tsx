import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { ArtifactBody, StepExecutionBody, WholeExecutionBody } from "@/api/generated";
import { size } from "@/lib/size";
import { type Column, List } from "@/ui/list";
import { Empty, Failure, Skeleton } from "@/ui/states";
import { artifactFile, artifacts } from "./api";
import styles from "./whole.module.css";

/** The files that a step kept, to be saved. */
export default function Artifacts({ execution, step }: { execution: WholeExecutionBody; step: StepExecutionBody }) {
  const { t } = useTranslation("execution-live");
  const { data, error } = useQuery(artifacts(execution.id, step.key, step.artifacts_count));
  if (error !== null) return <Failure what={t("artifacts_failed")} error={error} />;
  if (data === undefined) return <Skeleton />;
  if (data.length === 0) return <Empty says={t("artifacts_none")} command="artifacts: {paths: [dist/]}" />;
  const columns: readonly Column<ArtifactBody>[] = [
    {
      key: "path",
      title: t("file"),
      cell: ({ execution: where, path }) => (
        <a href={artifactFile(where, step.key, path)} download title={path}>
          {path}
        </a>
      ),
    },
    { key: "size", title: t("size"), width: "90px", align: "end", cell: ({ size: bytes }) => size(bytes) },
    {
      key: "sha256",
      title: "SHA-256",
      wide: true,
      width: "180px",
      cell: ({ sha256 }) => <code title={sha256}>{sha256.slice(0, 20)}</code>,
    },
  ];
  return (
    <div className={styles.padded}>
      <List label={t("tabs.artifacts")} columns={columns} rows={data} idOf={({ path }) => path} />
    </div>
  );
}
