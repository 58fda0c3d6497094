import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ChangeBody, VersionBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { Asked } from "@/ui/asked";
import { Choice } from "@/ui/choice";
import { Difference } from "@/ui/code";
import { difference } from "./api";
import styles from "./parts.module.css";

const route = getRouteApi("/shell/pipelines/$id");

interface ComparisonProps {
  pipeline: number;
  versions: readonly VersionBody[];
  from: number;
  to: number;
}

/** Two versions: what changed in meaning, and line by line. */
export function Comparison({ pipeline, versions, from, to }: ComparisonProps) {
  const { t } = useTranslation("pipeline");
  const navigate = route.useNavigate();
  const asked = useQuery(difference(pipeline, from, to));
  const options = versions.map(({ number }) => ({ value: String(number), label: `v${number}` }));
  const show = (change: { from?: number; to?: number }) =>
    void navigate({ search: { tab: "versions", from, to, ...change }, replace: true });
  return (
    <section aria-label={t("versions.comparison")} style={{ marginTop: 16 }}>
      <div className={styles.filters}>
        <h2>{t("versions.comparison")}</h2>
        <Choice
          label={t("versions.from")}
          value={String(from)}
          options={options}
          onChange={(number) => show({ from: Number(number) })}
        />
        <span aria-hidden>→</span>
        <Choice
          label={t("versions.to")}
          value={String(to)}
          options={options}
          onChange={(number) => show({ to: Number(number) })}
        />
      </div>
      <Asked asked={asked} failed={t("versions.not_compared")} rows={4}>
        {({ changes, text }) => (
          <>
            <Changes changes={changes} />
            {text === "" ? (
              <p className="muted">{t("versions.equal")}</p>
            ) : (
              <Difference diff={text} label={t("versions.lines")} />
            )}
          </>
        )}
      </Asked>
    </section>
  );
}

function Changes({ changes }: { changes: readonly ChangeBody[] | null }) {
  const { t } = useTranslation("pipeline");
  if (changes === null) return <p className="muted">{t("versions.not_understood")}</p>;
  if (changes.length === 0) return null;
  return (
    <ul className={styles.changes}>
      {changes.map(({ what, name, field, sentence }) => (
        <li key={`${what} ${name} ${field} ${sentence}`}>{translated(sentence)}</li>
      ))}
    </ul>
  );
}
