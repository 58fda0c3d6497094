import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { KeyRound, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ProjectBody, projectsSecretsDestroy, type SecretBody } from "@/api/generated";
import { may } from "@/lib/roles";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { IconButton } from "@/ui/icon-button";
import { type Column, List } from "@/ui/list";
import { Deeds } from "@/ui/rows";
import { Empty } from "@/ui/states";
import { secrets } from "./api";
import { changed } from "./changed";
import { SecretForm } from "./secret-form";
import { Pages, Toolbar } from "./toolbar";
import { useRefresh } from "./use-project";

const route = getRouteApi("/shell/projects/$id");

/** Names only: a value goes in and never comes out. */
export function SecretsTab({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const search = route.useSearch();
  const asked = useQuery(secrets(project.id, search));
  const [form, setForm] = useState<SecretBody | "new" | null>(null);
  const make = may(project, "secret.change") && (
    <Button type="primary" onClick={() => setForm("new")}>
      {t("secrets.new")}
    </Button>
  );
  return (
    <>
      <Toolbar says={t("secrets.says")} search={t("secrets.search")} deed={make} />
      <Asked asked={asked} failed={t("secrets.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={search.search === undefined ? t("secrets.none") : t("none_found")} action={make} />
          ) : (
            <>
              <Rows project={project} rows={results} edit={setForm} />
              <Pages count={count} />
            </>
          )
        }
      </Asked>
      {form !== null && (
        <SecretForm project={project} {...(form === "new" ? {} : { secret: form })} close={() => setForm(null)} />
      )}
    </>
  );
}

interface RowsProps {
  project: ProjectBody;
  rows: readonly SecretBody[];
  edit: (secret: SecretBody) => void;
}

function Rows({ project, rows, edit }: RowsProps) {
  const { t } = useTranslation("project");
  const refresh = useRefresh(project.id);
  const columns: readonly Column<SecretBody>[] = [
    { key: "name", main: true, title: t("name"), cell: ({ name }) => <code title={name}>{name}</code> },
    {
      key: "environment",
      title: t("environment"),
      width: "24%",
      cell: ({ environment }) => environment || <span className="muted">{t("all_environments")}</span>,
    },
    ...changed<SecretBody>(t),
    {
      key: "deeds",
      title: "",
      width: "84px",
      align: "end",
      cell: (it) =>
        may(project, "secret.change") && (
          <Deeds>
            <IconButton icon={KeyRound} label={t("secrets.replace", { name: it.name })} act={() => edit(it)} />
            <Danger
              icon={<Trash2 size={14} aria-hidden />}
              label={t("remove", { name: it.name })}
              title={t("secrets.delete")}
              says={t("secrets.delete_says", { name: it.name })}
              failed={t("not_deleted")}
              act={() => projectsSecretsDestroy({ path: { project: project.id, secret: it.id } })}
              done={refresh}
            />
          </Deeds>
        ),
    },
  ];
  return <List label={t("tabs.secrets")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
