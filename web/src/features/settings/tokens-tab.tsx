import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { authTokensDestroy, type NewTokenBody, type TokenBody } from "@/api/generated";
import { useNow } from "@/lib/use-now";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { type Column, List } from "@/ui/list";
import { Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { projects, tokens } from "./api";
import { stateOf } from "./model";
import styles from "./settings.module.css";
import { TokenForm } from "./token-form";
import { TokenOnce } from "./token-once";

/** Keys for programs: each with what it may do, where, and until when. */
export function TokensTab() {
  const { t } = useTranslation("settings");
  const asked = useQuery(tokens);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewTokenBody | null>(null);
  const make = (
    <Button type="primary" onClick={() => setMaking(true)}>
      {t("tokens.new")}
    </Button>
  );
  return (
    <>
      <div className={styles.bar}>
        <p className="muted">{t("tokens.says")}</p>
        {make}
      </div>
      <Asked asked={asked} failed={t("tokens.failed")}>
        {({ count, results }) =>
          count === 0 ? <Empty says={t("tokens.none")} action={make} /> : <Rows rows={results} />
        }
      </Asked>
      {making && <TokenForm close={() => setMaking(false)} done={setMade} />}
      {made !== null && <TokenOnce token={made} close={() => setMade(null)} />}
    </>
  );
}

function Rows({ rows }: { rows: readonly TokenBody[] }) {
  const { t } = useTranslation("settings");
  const queries = useQueryClient();
  const now = useNow(30_000);
  const names = new Map((useQuery(projects).data ?? []).map(({ id, name }) => [id, name]));
  const columns: readonly Column<TokenBody>[] = [
    { key: "name", main: true, title: t("tokens.name"), cell: ({ name }) => <span title={name}>{name}</span> },
    {
      key: "prefix",
      title: t("tokens.prefix"),
      width: "150px",
      wide: true,
      cell: ({ prefix }) => <code>{prefix}…</code>,
    },
    { key: "scopes", title: t("tokens.scopes"), width: "18%", cell: ({ scopes }) => scopes.join(", ") },
    {
      key: "projects",
      title: t("tokens.projects"),
      width: "16%",
      wide: true,
      cell: ({ project_ids }) =>
        project_ids.length === 0
          ? t("tokens.all_projects")
          : project_ids.map((id) => names.get(id) ?? `#${id}`).join(", "),
    },
    {
      key: "state",
      title: t("tokens.state"),
      width: "130px",
      cell: (token) => {
        const state = stateOf(token, now);
        if (state !== "good") return <span className="muted">{t(`tokens.states.${state}`)}</span>;
        return token.expires_at === null ? (
          t("tokens.forever")
        ) : (
          <>
            {t("tokens.until")} <Ago at={token.expires_at} />
          </>
        );
      },
    },
    {
      key: "used",
      title: t("tokens.used"),
      width: "120px",
      wide: true,
      cell: ({ last_used_at }) => (last_used_at === null ? t("tokens.never") : <Ago at={last_used_at} />),
    },
    {
      key: "deeds",
      title: "",
      width: "56px",
      align: "end",
      cell: (token) =>
        stateOf(token, now) === "good" && (
          <Danger
            icon={<Trash2 size={14} aria-hidden />}
            label={t("tokens.end", { name: token.name })}
            title={t("tokens.end", { name: token.name })}
            says={t("tokens.end_says")}
            failed={t("tokens.not_ended")}
            act={() => authTokensDestroy({ path: { token: token.id } })}
            done={() => queries.invalidateQueries({ queryKey: tokens.queryKey })}
          />
        ),
    },
  ];
  return <List label={t("tabs.tokens")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
