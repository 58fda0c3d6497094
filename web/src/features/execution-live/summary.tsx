import { useTranslation } from "react-i18next";
import Markdown, { type Components } from "react-markdown";
import tables from "remark-gfm";
import type { ReportBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { Empty } from "@/ui/states";
import styles from "./details.module.css";
import { placeOf, scanOf } from "./model/report";

/** What a step says of itself: its Markdown, its outputs, what a scan found, and its warnings. Images are not fetched. */
export default function Summary({ report }: { report: ReportBody }) {
  const { t } = useTranslation("execution-live");
  const outputs = Object.entries(report.outputs);
  const scan = scanOf(report);
  const silent = report.summary === "" && outputs.length === 0 && scan === null && report.warnings.length === 0;
  if (silent) return <Empty says={t("summary_none")} command={'echo "## Done" >> "$ANSFLOW_SUMMARY"'} />;
  return (
    <>
      {report.warnings.map((warning) => (
        <p key={warning} className={styles.markdown} role="note">
          {translated(warning)}
        </p>
      ))}
      {scan === null ? null : (
        <>
          <dl className={styles.facts}>
            <div>
              <dt>{t("scan.checked")}</dt>
              <dd>{scan.checked.join(", ") || "–"}</dd>
            </div>
            {Object.entries(scan.not_checked).map(([scanner, why]) => (
              <div key={scanner}>
                <dt>{t("scan.not_checked", { scanner })}</dt>
                <dd>{translated(why)}</dd>
              </div>
            ))}
          </dl>
          <ul className={styles.broken}>
            {scan.findings.map((finding, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: they never change their order
              <li key={`${finding.rule} ${at}`}>
                <strong>{t("scan.finding", { severity: finding.severity, rule: finding.rule })}</strong>{" "}
                <code className="muted">{placeOf(finding)}</code> {finding.known ? t("scan.known") : null}
                <div>{finding.message}</div>
              </li>
            ))}
          </ul>
        </>
      )}
      {outputs.length === 0 ? null : (
        <dl className={styles.facts}>
          {outputs.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {report.summary === "" ? null : (
        <div className={styles.markdown}>
          <Markdown remarkPlugins={[tables]} skipHtml components={DRAWN}>
            {report.summary}
          </Markdown>
        </div>
      )}
    </>
  );
}

/** Its headings stand below those of the page. */
const DRAWN: Components = {
  h1: "h3",
  h2: "h4",
  h3: "h5",
  h4: "h6",
  h5: "h6",
  img: ({ alt }) => <em>{alt}</em>,
  a: Away,
};

function Away({ href, children }: { href?: string | undefined; children?: React.ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}
