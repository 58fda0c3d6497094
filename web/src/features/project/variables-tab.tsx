import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type ProjectBody, projectsVariablesDestroy, type VariableBody } from "@/api/generated";
import { may } from "@/lib/roles";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Danger } from "@/ui/danger";
import { IconButton } from "@/ui/icon-button";
import { type Column, List } from "@/ui/list";
import { Deeds } from "@/ui/rows";
import { Empty } from "@/ui/states";
import { variables } from "./api";
import { Pages, Toolbar } from "./toolbar";
import { useRefresh } from "./use-project";
import { VariableForm } from "./variable-form";

const route = getRouteApi("/shell/projects/$id");

export function VariablesTab({ project }: { project: ProjectBody }) {
  const { t } = useTranslation("project");
  const search = route.useSearch();
  const asked = useQuery(variables(project.id, search));
  const [form, setForm] = useState<VariableBody | "new" | null>(null);
  const make = may(project, "variable.change") && (
    <Button type="primary" onClick={() => setForm("new")}>
      {t("variables.new")}
    </Button>
  );
  return (
    <>
      <Toolbar says={t("variables.says")} search={t("variables.search")} deed={make} />
      <Asked asked={asked} failed={t("variables.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={search.search === undefined ? t("variables.none") : t("none_found")} action={make} />
          ) : (
            <>
              <Rows project={project} rows={results} edit={setForm} />
              <Pages count={count} />
            </>
          )
        }
      </Asked>
      {form !== null && (
        <VariableForm project={project} {...(form === "new" ? {} : { variable: form })} close={() => setForm(null)} />
      )}
    </>
  );
}

interface RowsProps {
  project: ProjectBody;
  rows: readonly VariableBody[];
  edit: (variable: VariableBody) => void;
}

function Rows({ project, rows, edit }: RowsProps) {
  const { t } = useTranslation("project");
  const refresh = useRefresh(project.id);
  const columns: readonly Column<VariableBody>[] = [
    { key: "name", main: true, title: t("name"), width: "28%", cell: ({ name }) => <code title={name}>{name}</code> },
    { key: "value", title: t("variables.value"), cell: ({ value }) => <code title={value}>{value}</code> },
    {
      key: "environment",
      title: t("environment"),
      width: "20%",
      wide: true,
      cell: ({ environment }) => environment || <span className="muted">{t("all_environments")}</span>,
    },
    {
      key: "deeds",
      title: "",
      width: "84px",
      align: "end",
      cell: (it) =>
        may(project, "variable.change") && (
          <Deeds>
            <IconButton icon={Pencil} label={t("edit", { name: it.name })} act={() => edit(it)} />
            <Danger
              icon={<Trash2 size={14} aria-hidden />}
              label={t("remove", { name: it.name })}
              title={t("variables.delete")}
              says={t("variables.delete_says", { name: it.name })}
              failed={t("not_deleted")}
              act={() => projectsVariablesDestroy({ path: { project: project.id, variable: it.id } })}
              done={refresh}
            />
          </Deeds>
        ),
    },
  ];
  return <List label={t("tabs.variables")} columns={columns} rows={rows} idOf={({ id }) => id} />;
}
