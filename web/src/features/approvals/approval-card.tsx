import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ApprovalBody } from "@/api/generated";
import { useTranslated } from "@/lib/sentences";
import { ExecutionName } from "@/ui/execution-name";
import { Facts } from "@/ui/facts";
import { SinceDeployment } from "@/ui/since-deployment";
import { Status } from "@/ui/status";
import { Ago } from "@/ui/time";
import { AnswerForm } from "./answer-form";
import styles from "./approval.module.css";
import { LOOK } from "./look";

/** A gate: of what, since when, what it asks of whom, what was answered; and the answer, where it is this person's. */
export function ApprovalCard({ approval }: { approval: ApprovalBody }) {
  const { t } = useTranslation("approvals");
  const translated = useTranslated();
  const { status, message, name, step, requested_at, expires_at } = approval;
  return (
    <article className={styles.card} aria-label={`${approval.pipeline_name} #${approval.execution_number} ${step}`}>
      <header className={styles.head}>
        <Status look={LOOK[status]} />
        <h2>
          <ExecutionName id={approval.execution} pipeline={approval.pipeline_name} number={approval.execution_number} />
          {" · "}
          {name || step}
        </h2>
        <span className={styles.when}>
          {t("asked")} <Ago at={requested_at} />
          {status === "pending" && expires_at !== null && (
            <>
              {" · "}
              {t("expires")} <Ago at={expires_at} />
            </>
          )}
        </span>
      </header>
      <div className={styles.body}>
        <div>
          {message !== "" && <p className={styles.message}>{translated(message)}</p>}
          <About approval={approval} />
        </div>
        {status === "pending" && <Answer approval={approval} />}
      </div>
    </article>
  );
}

function Answer({ approval }: { approval: ApprovalBody }) {
  const translated = useTranslated();
  return approval.may_respond ? (
    <AnswerForm approval={approval} />
  ) : (
    <p className="muted">{translated(approval.why_not)}</p>
  );
}

function About({ approval: it }: { approval: ApprovalBody }) {
  const { t } = useTranslation("approvals");
  const yes = it.answers.length;
  return (
    <Facts
      facts={[
        [
          t("project"),
          <Link key="project" to="/projects/$id" params={{ id: String(it.project) }}>
            {it.project_name}
          </Link>,
        ],
        [t("environment"), it.environment],
        [
          t("changes"),
          it.deployment && <SinceDeployment key="changes" deployment={it.deployment} pipeline={it.pipeline} />,
        ],
        [t("branch"), it.branch],
        [t("commit"), it.commit && <code>{it.commit.slice(0, 12)}</code>],
        [t("started_by"), it.triggered_by],
        [t("parameters"), <Parameters key="parameters" of={it.parameters} />],
        [t("version"), it.digest && <code>{it.digest.slice(0, 12)}</code>],
        [t("who"), who(it) || t("anyone")],
        [t("wanted"), t("of", { count: yes, required: it.required })],
        [t("self"), it.self_approval ? t("self_yes") : t("self_no")],
        [t("answers"), yes > 0 && <Answers key="answers" of={it.answers} />],
      ]}
    />
  );
}

function who({ users, groups }: ApprovalBody): string {
  return [...users, ...groups].join(", ");
}

function Parameters({ of }: { of: ApprovalBody["parameters"] }) {
  const { t } = useTranslation("approvals");
  const named = Object.entries(of);
  if (named.length === 0) return <span className="muted">{t("no_parameters")}</span>;
  return named.map(([name, value]) => (
    <div key={name}>
      <code>
        {name}={typeof value === "string" ? value : JSON.stringify(value)}
      </code>
    </div>
  ));
}

function Answers({ of }: { of: ApprovalBody["answers"] }) {
  return (
    <ul className={styles.answers}>
      {of.map(({ by, comment, fields }) => (
        <li key={by}>
          <strong>{by}</strong> {comment}
          {Object.entries(fields).map(([name, value]) => (
            <div key={name} className="muted">
              {name}: {value}
            </div>
          ))}
        </li>
      ))}
    </ul>
  );
}
