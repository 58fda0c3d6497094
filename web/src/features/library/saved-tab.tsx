import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { cicdAtomicStepsDestroy, type LibraryEntry, type ProjectBody } from "@/api/generated";
import { useMe } from "@/api/session";
import { may } from "@/lib/roles";
import { said } from "@/lib/search";
import { Asked } from "@/ui/asked";
import { Button } from "@/ui/button";
import { Code } from "@/ui/code";
import { Danger } from "@/ui/danger";
import { IconButton } from "@/ui/icon-button";
import { type Column, List } from "@/ui/list";
import { Card } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Bar, Deeds } from "@/ui/rows";
import { SearchField } from "@/ui/search-field";
import { Empty } from "@/ui/states";
import { Ago } from "@/ui/time";
import { projects, SIZE, saved } from "./api";
import { SavedForm } from "./saved-form";

const route = getRouteApi("/shell/steps");

/** Steps that somebody saved: one definition, used in many pipelines. */
export function SavedTab() {
  const { t } = useTranslation("library");
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const me = useMe();
  const asked = useQuery(saved(search));
  const known = useQuery(projects).data ?? [];
  const places = known.filter((project) => may(project, "atomic_step.change"));
  const [form, setForm] = useState<LibraryEntry | "new" | null>(null);
  const make = (me.is_admin || places.length > 0) && (
    <Button type="primary" onClick={() => setForm("new")}>
      {t("saved.new")}
    </Button>
  );
  const mayChange = (step: LibraryEntry) =>
    step.scope === "project" ? places.some(({ id }) => id === step.project) : step.scope === "tenant" && me.is_admin;
  return (
    <>
      <Bar says={t("saved.says")}>
        <SearchField
          label={t("saved.search")}
          value={search.search ?? ""}
          onSearch={(words) =>
            void navigate({ search: said({ ...search, page: undefined, search: words || undefined }), replace: true })
          }
        />
        {make}
      </Bar>
      <Asked asked={asked} failed={t("saved.failed")}>
        {({ count, results }) =>
          count === 0 ? (
            <Empty says={search.search === undefined ? t("saved.none") : t("saved.none_found")} action={make} />
          ) : (
            <>
              <Rows rows={results} mayChange={mayChange} edit={setForm} />
              <Pager
                page={search.page ?? 1}
                size={SIZE}
                count={count}
                go={(page) => void navigate({ search: said({ ...search, page }) })}
              />
              <Shown step={results.find(({ id }) => id === search.step)} />
            </>
          )
        }
      </Asked>
      {form !== null && (
        <SavedForm places={places} {...(form === "new" ? {} : { step: form })} close={() => setForm(null)} />
      )}
    </>
  );
}

export type Places = readonly ProjectBody[];

interface RowsProps {
  rows: readonly LibraryEntry[];
  mayChange: (step: LibraryEntry) => boolean;
  edit: (step: LibraryEntry) => void;
}

function Rows({ rows, mayChange, edit }: RowsProps) {
  const { t } = useTranslation("library");
  const search = route.useSearch();
  const queries = useQueryClient();
  const columns: readonly Column<LibraryEntry>[] = [
    {
      key: "name",
      main: true,
      title: t("saved.name"),
      width: "22%",
      cell: ({ id, name }) => (
        <Link to="/steps" search={said({ ...search, step: id ?? undefined })}>
          {name}
        </Link>
      ),
    },
    { key: "type", title: t("saved.type"), width: "130px", cell: ({ step_type }) => <code>{step_type}</code> },
    {
      key: "description",
      title: t("saved.description"),
      wide: true,
      cell: ({ description }) => <span title={description}>{description}</span>,
    },
    {
      key: "scope",
      title: t("saved.scope"),
      width: "18%",
      wide: true,
      cell: ({ scope, project_name }) => (scope === "project" ? project_name : t(`saved.scopes.${scope}`)),
    },
    { key: "by", title: t("saved.by"), width: "12%", wide: true, cell: ({ created_by }) => created_by || "–" },
    { key: "at", title: t("saved.at"), width: "110px", wide: true, cell: ({ updated_at }) => <Ago at={updated_at} /> },
    {
      key: "deeds",
      title: "",
      width: "84px",
      align: "end",
      cell: (step) =>
        step.id !== null &&
        mayChange(step) && (
          <Deeds>
            <IconButton icon={Pencil} label={t("saved.edit", { name: step.name })} act={() => edit(step)} />
            <Danger
              icon={<Trash2 size={14} aria-hidden />}
              label={t("saved.delete", { name: step.name })}
              title={t("saved.delete", { name: step.name })}
              says={t("saved.delete_says")}
              failed={t("saved.not_deleted")}
              act={() => cicdAtomicStepsDestroy({ path: { id: step.id ?? 0 } })}
              done={() => queries.invalidateQueries({ queryKey: ["atomic-steps"] })}
            />
          </Deeds>
        ),
    },
  ];
  return <List label={t("tabs.saved")} columns={columns} rows={rows} idOf={({ id, name }) => id ?? name} />;
}

function Shown({ step }: { step: LibraryEntry | undefined }) {
  const { t } = useTranslation("library");
  if (step === undefined) return null;
  return (
    <Card title={step.name}>
      <div style={{ padding: "0 12px 12px" }}>
        {step.description !== "" && <p style={{ marginBottom: 8 }}>{step.description}</p>}
        <Code text={step.definition} label={t("saved.definition")} />
      </div>
    </Card>
  );
}
