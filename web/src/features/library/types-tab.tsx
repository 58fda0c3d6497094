import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { TypeBody } from "@/api/generated";
import { parametersOf } from "@/lib/parameters";
import { translated } from "@/lib/sentences";
import { Asked } from "@/ui/asked";
import { Code } from "@/ui/code";
import { Empty } from "@/ui/states";
import { types } from "./api";
import styles from "./library.module.css";
import { Prose } from "./prose";

const route = getRouteApi("/shell/steps");

/** The kinds of work that this installation can do, its plug-ins' among them. */
export function TypesTab() {
  const { t } = useTranslation("library");
  const { type } = route.useSearch();
  const asked = useQuery(types);
  return (
    <Asked asked={asked} failed={t("failed")}>
      {(found) => {
        const chosen = found.find(({ name }) => name === type) ?? (type === undefined ? found[0] : undefined);
        return (
          <div className={styles.split}>
            <nav className={styles.types} aria-label={t("tabs.types")}>
              {found.map(({ name, summary }) => (
                <Link
                  key={name}
                  to="/steps"
                  search={{ type: name }}
                  activeProps={{}}
                  aria-current={name === chosen?.name ? "page" : undefined}
                >
                  <code>{name}</code>
                  <span>{translated(summary)}</span>
                </Link>
              ))}
            </nav>
            {chosen === undefined ? <Empty says={t("no_type", { name: type })} /> : <OneType type={chosen} />}
          </div>
        );
      }}
    </Asked>
  );
}

function OneType({ type: { name, summary, docs, parameters, example } }: { type: TypeBody }) {
  const { t } = useTranslation("library");
  const known = parametersOf(parameters);
  return (
    <article className={styles.one}>
      <h2>
        <code>{name}</code>
      </h2>
      <p>{translated(summary)}</p>
      {docs !== "" && <Prose text={translated(docs)} className={styles.docs} />}
      <h3>{t("example")}</h3>
      <Code text={example} label={t("example_of", { name })} />
      <h3>{t("parameters")}</h3>
      {known.length === 0 ? (
        <p className="muted">{t("no_parameters")}</p>
      ) : (
        <table className={styles.parameters}>
          <tbody>
            {known.map((one) => (
              <tr key={one.name}>
                <th scope="row">
                  <code>{one.name}</code>
                </th>
                <td className={styles.kind}>
                  {one.kinds.map((kind) => t(`kinds.${kind}`)).join(" | ")}{" "}
                  {one.required && <strong>{t("required")}</strong>}
                </td>
                <td>
                  <Prose text={translated(one.description)} />
                  {one.choices.length > 0 && (
                    <div className="muted">
                      {t("choices")} <code>{one.choices.join(", ")}</code>
                    </div>
                  )}
                  {one.fallback !== "" && (
                    <div className="muted">
                      {t("without")} <code>{translated(one.fallback)}</code>
                    </div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </article>
  );
}
