import { useQuery } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type EnvironmentBody, type PlacedBody, type ProjectBody, projectsEnvironmentsDestroy } from "@/api/generated";
import { may } from "@/lib/roles";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { ExecutionName } from "@/ui/execution-name";
import { IconButton } from "@/ui/icon-button";
import { type Column, List } from "@/ui/list";
import { Deeds } from "@/ui/rows";
import { Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { deployments, environments } from "./api";
import { EnvironmentForm } from "./environment-form";
import { Toolbar } from "./toolbar";
import { useRefresh } from "./use-project";

export function EnvironmentsTab({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const asked = useQuery(environments(project.id));
  const [form, setForm] = useState<EnvironmentBody | "new" | null>(null);
  const make = may(project, "environment.change") && (
    <Button type="primary" onClick={() => setForm("new")}>
      {t("environments.new")}
    </Button>
  );
  return (
    <>
      <Toolbar says={t("environments.says")} deed={make} />
      <Asked asked={asked} failed={t("environments.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={t("environments.none")} action={make} />
          ) : (
            <Rows project={project} rows={results} edit={setForm} />
          )
        }
      </Asked>
      {form !== null && (
        <EnvironmentForm
          project={project}
          {...(form === "new" ? {} : { environment: form })}
          close={() => setForm(null)}
        />
      )}
    </>
  );
}

interface RowsProps {
  project: ProjectBody;
  rows: readonly EnvironmentBody[];
  edit: (environment: EnvironmentBody) => void;
}

function Rows({ project, rows, edit }: RowsProps) {
  const { t } = useTranslation("project");
  const refresh = useRefresh(project.id);
  const { data: placed = [] } = useQuery(deployments(project.id));
  const columns: readonly Column<EnvironmentBody>[] = [
    {
      key: "name",
      title: t("name"),
      width: "11%",
      cell: ({ name, description }) => <span title={description}>{name}</span>,
    },
    {
      key: "there",
      main: true,
      title: t("environments.there"),
      width: "20%",
      cell: ({ name }) => <There placed={placed.filter(({ environment }) => environment === name)} />,
    },
    {
      key: "url",
      title: t("environments.url"),
      width: "16%",
      wide: true,
      cell: ({ url }) =>
        url === "" ? (
          "–"
        ) : (
          <a href={url} title={url} target="_blank" rel="noreferrer noopener">
            {url.replace(/^https?:\/\//, "")}
          </a>
        ),
    },
    {
      key: "branches",
      title: t("environments.branches"),
      wide: true,
      cell: ({ branches }) =>
        branches.length === 0 ? (
          t("environments.any_branch")
        ) : (
          <code title={branches.join(", ")}>{branches.join(", ")}</code>
        ),
    },
    {
      key: "approvals",
      wide: true,
      title: t("environments.approvals"),
      width: "17%",
      cell: (it) => <Approvals of={it} />,
    },
    {
      key: "self",
      title: t("environments.self_short"),
      width: "130px",
      wide: true,
      cell: ({ self_approval }) => (self_approval ? t("environments.self_yes") : t("environments.self_no")),
    },
    {
      key: "deeds",
      title: "",
      width: "84px",
      align: "end",
      cell: (it) =>
        may(project, "environment.change") && (
          <Deeds>
            <IconButton icon={Pencil} label={t("edit", { name: it.name })} act={() => edit(it)} />
            <Danger
              icon={<Trash2 size={14} aria-hidden />}
              label={t("remove", { name: it.name })}
              title={t("environments.delete")}
              says={t("environments.delete_says", { name: it.name })}
              failed={t("not_deleted")}
              act={() => projectsEnvironmentsDestroy({ path: { project: project.id, environment: it.id } })}
              done={refresh}
            />
          </Deeds>
        ),
    },
  ];
  return <List label={t("tabs.environments")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}

function Approvals({ of: { required_approvals: count, groups } }: { of: EnvironmentBody }) {
  const { t } = useTranslation("project");
  const who = groups.length === 0 ? t("environments.anyone") : groups.join(", ");
  const says = count === 0 ? t("environments.no_approval") : t("environments.approvals_by", { count, who });
  return <span title={says}>{says}</span>;
}

/** What each pipeline brought there last. */
function There({ placed }: { placed: readonly PlacedBody[] }) {
  if (placed.length === 0) return "–";
  return placed.map((it) => (
    <div key={it.pipeline}>
      <ExecutionName id={it.execution} pipeline={it.pipeline_name} number={it.number} />{" "}
      <code title={it.commit}>{it.commit.slice(0, SHORT) || it.branch}</code> <Ago at={it.at} />
    </div>
  ));
}

const SHORT = 10; // characters of a commit, as everywhere
