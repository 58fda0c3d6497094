import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type Change, changesOf, type Deployment } from "@/lib/deployment";
import styles from "./since-deployment.module.css";
import { Ago } from "./time";

interface SinceDeploymentProps {
  deployment: Deployment;
  pipeline: number;
}

/** "commit a1b2c3 → d4e5f6, pipeline version 3 → 5 (difference)": what comes to an environment, and who was there last. */
export function SinceDeployment({ deployment, pipeline }: SinceDeploymentProps) {
  const { t } = useTranslation();
  const { environment, last } = deployment;
  if (last === null) return <span>{t("deployment.first", { environment })}</span>;
  return (
    <span className={styles.since}>
      {changesOf(deployment).map((change) => (
        <span key={change.what}>
          {t(`deployment.${change.what}`)} <FromTo {...change} />
          <Difference {...change} pipeline={pipeline} />
          {t("deployment.comma")}
        </span>
      ))}
      <span className="muted">
        {t("deployment.since")}{" "}
        <Link to="/executions/$id" params={{ id: String(last.execution) }}>
          #{last.number}
        </Link>{" "}
        <Ago at={last.at} />
        {last.by === "" ? "" : ` ${t("deployment.by", { by: last.by })}`}
      </span>
    </span>
  );
}

function FromTo({ from, to }: Change) {
  const { t } = useTranslation();
  if (from === to)
    return (
      <>
        <code>{to}</code>
        {t("deployment.same")}
      </>
    );
  return (
    <>
      <code>{from || t("deployment.unknown")}</code> → <code>{to || t("deployment.unknown")}</code>
    </>
  );
}

/** Two versions of the pipeline can be laid side by side; two commits are Git's to compare. */
function Difference({ what, from, to, pipeline }: Change & { pipeline: number }) {
  const { t } = useTranslation();
  if (what !== "version" || from === to || from === "" || to === "") return null;
  const search = { tab: "versions" as const, from: Number(from), to: Number(to) };
  return (
    <>
      {" "}
      <Link to="/pipelines/$id" params={{ id: String(pipeline) }} search={search}>
        {t("deployment.difference")}
      </Link>
    </>
  );
}
