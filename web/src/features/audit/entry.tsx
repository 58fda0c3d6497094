import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { EntryBody } from "@/api/generated";
import { Facts } from "@/ui/facts";
import { Ago } from "@/ui/time";
import { projects } from "./api";
import styles from "./audit.module.css";
import { changesOf } from "./changes";

/** One deed. Opened, it tells what was before and after, and where it hangs in the chain. */
export function Entry({ entry }: { entry: EntryBody }) {
  const { t } = useTranslation("audit");
  const projectName = useQuery(projects).data?.find(({ id }) => id === entry.project)?.name;
  return (
    <li>
      <details>
        <summary>
          <Ago at={entry.at} />
          <strong title={entry.actor}>{entry.actor}</strong>
          <code title={entry.action}>{entry.action}</code>
          <span title={entry.object_name}>{entry.object_name}</span>
          <span className={styles.number}>#{entry.number}</span>
        </summary>
        <div className={styles.more}>
          <Changes entry={entry} />
          <Facts
            facts={[
              [t("object"), entry.object_id === null ? entry.object_type : <OfObject key="object" entry={entry} />],
              [
                t("project"),
                entry.project !== null && (
                  <Link key="project" to="/audit" search={{ project: entry.project }}>
                    {projectName ?? `#${entry.project}`}
                  </Link>
                ),
              ],
              [t("through"), entry.token_id === null ? t("session") : t("token", { id: entry.token_id })],
              [t("address"), entry.address && <code>{entry.address}</code>],
              [t("request"), entry.request_id && <code>{entry.request_id}</code>],
              [
                t("hash"),
                <code key="hash" className={styles.hash}>
                  {entry.hash}
                </code>,
              ],
            ]}
          />
        </div>
      </details>
    </li>
  );
}

function OfObject({ entry: { object_type, object_id, object_name } }: { entry: EntryBody }) {
  return (
    <Link to="/audit" search={{ type: object_type, ...(object_id === null ? {} : { object: object_id }) }}>
      {object_type} {object_name}
    </Link>
  );
}

function Changes({ entry }: { entry: EntryBody }) {
  const { t } = useTranslation("audit");
  const changes = changesOf(entry);
  if (changes.length === 0) return null;
  const [had, has] = [
    changes.some(({ before }) => before !== undefined),
    changes.some(({ after }) => after !== undefined),
  ];
  return (
    <table className={styles.changes}>
      <thead>
        <tr>
          <th scope="col">{t("field")}</th>
          {had && <th scope="col">{t("before")}</th>}
          {has && <th scope="col">{t("after")}</th>}
        </tr>
      </thead>
      <tbody>
        {changes.map(({ name, before, after }) => (
          <tr key={name}>
            <td>{name}</td>
            {had && <td>{before === undefined ? "–" : <code>{before}</code>}</td>}
            {has && <td>{after === undefined ? "–" : <code>{after}</code>}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
