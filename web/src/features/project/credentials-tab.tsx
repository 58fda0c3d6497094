import { useQuery } from "@tanstack/react-query";
import { KeyRound, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { cicdGitCredentialsDestroy, type GitCredentialBody, type ProjectBody } from "@/api/generated";
import { may } from "@/lib/roles";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { IconButton } from "@/ui/icon-button";
import { type Column, List } from "@/ui/list";
import { Deeds } from "@/ui/rows";
import { Empty } from "@/ui/states";
import { credentials } from "./api";
import { changed } from "./changed";
import { CredentialForm } from "./credential-form";
import { Toolbar } from "./toolbar";
import { useRefresh } from "./use-project";

export function CredentialsTab({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const asked = useQuery(credentials(project.id));
  const [form, setForm] = useState<GitCredentialBody | "new" | null>(null);
  const make = may(project, "credential.change") && (
    <Button type="primary" onClick={() => setForm("new")}>
      {t("credentials.new")}
    </Button>
  );
  return (
    <>
      <Toolbar says={t("credentials.says")} deed={make} />
      <Asked asked={asked} failed={t("credentials.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={t("credentials.none")} action={make} />
          ) : (
            <Rows project={project} rows={results} edit={setForm} />
          )
        }
      </Asked>
      {form !== null && (
        <CredentialForm
          project={project}
          {...(form === "new" ? {} : { credential: form })}
          close={() => setForm(null)}
        />
      )}
    </>
  );
}

interface RowsProps {
  project: ProjectBody;
  rows: readonly GitCredentialBody[];
  edit: (credential: GitCredentialBody) => void;
}

function Rows({ project, rows, edit }: RowsProps) {
  const { t } = useTranslation("project");
  const refresh = useRefresh(project.id);
  const columns: readonly Column<GitCredentialBody>[] = [
    {
      key: "name",
      main: true,
      title: t("name"),
      cell: (it) => (
        <>
          {it.name} {project.git_credential === it.id && <span className="muted">{t("credentials.used")}</span>}
        </>
      ),
    },
    { key: "host", title: t("credentials.host"), width: "24%", cell: ({ host }) => <code>{host}</code> },
    {
      key: "kind",
      title: t("credentials.kind"),
      width: "130px",
      wide: true,
      cell: ({ kind }) => t(`credentials.kinds.${kind}`),
    },
    ...changed<GitCredentialBody>(t),
    {
      key: "deeds",
      title: "",
      width: "84px",
      align: "end",
      cell: (it) =>
        may(project, "credential.change") && (
          <Deeds>
            <IconButton icon={KeyRound} label={t("secrets.replace", { name: it.name })} act={() => edit(it)} />
            <Danger
              icon={<Trash2 size={14} aria-hidden />}
              label={t("remove", { name: it.name })}
              title={t("credentials.delete")}
              says={t("credentials.delete_says", { name: it.name })}
              failed={t("not_deleted")}
              act={() => cicdGitCredentialsDestroy({ path: { credential: it.id } })}
              done={refresh}
            />
          </Deeds>
        ),
    },
  ];
  return <List label={t("tabs.credentials")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
