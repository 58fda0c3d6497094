import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { PipelineWithSource } from "@/api/generated";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { Page } from "@/ui/page";
import { Failure, Skeleton } from "@/ui/states";
import { pipeline, projectChoices } from "./api";
import { Editor } from "./editor";

const route = getRouteApi("/shell/pipelines/$id/edit");
const newRoute = getRouteApi("/shell/pipelines/new");

/** `/pipelines/$id/edit` */
export function PipelineEditorPage() {
  const { t } = useTranslation("pipeline-editor");
  const id = Number(route.useParams().id);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery(pipeline(id));
  if (data === undefined) {
    return (
      <Page title={t("title")}>
        {error === null ? (
          <Skeleton rows={12} />
        ) : (
          <Failure what={t("failed")} error={error} again={() => void refetch()} />
        )}
      </Page>
    );
  }
  return (
    <Editor
      key={id}
      id={id}
      title={data.name}
      above={<Above pipeline={data} />}
      run={runs(data) ? { to: "/pipelines/$id", params: { id: String(id) }, search: { run: true } } : null}
      locked={data.repository_path === "" ? "" : t("locked", { path: data.repository_path })}
      project={data.project}
      given={{ text: data.source, version: data.version }}
      search={search}
      go={(next) => void navigate({ search: next, replace: true })}
      made={() => undefined}
    />
  );
}

function Above({ pipeline: { id, name, project, project_name } }: { pipeline: PipelineWithSource }) {
  return (
    <>
      <Link to="/projects/$id" params={{ id: String(project) }}>
        {project_name}
      </Link>
      <span className="muted">/</span>
      <Link to="/pipelines/$id" params={{ id: String(id) }}>
        {name}
      </Link>
    </>
  );
}

function runs({ is_active, archived_at }: PipelineWithSource): boolean {
  return is_active && archived_at === null;
}

const BEGINNING = "version: 1\nname: new-pipeline\n\nsteps:\n";

/** `/pipelines/new?project=7` */
export function NewPipelinePage() {
  const { t } = useTranslation("pipeline-editor");
  const search = newRoute.useSearch();
  const navigate = newRoute.useNavigate();
  const { data, error, refetch } = useQuery(projectChoices);
  if (data === undefined) {
    return (
      <Page title={t("new")}>
        {error === null ? (
          <Skeleton rows={4} />
        ) : (
          <Failure what={t("failed")} error={error} again={() => void refetch()} />
        )}
      </Page>
    );
  }
  const project = search.project;
  if (project === undefined) {
    return (
      <Page title={t("new")}>
        <Field label={t("project")} about={t("project_about")}>
          {({ id }) => (
            <Choice
              id={id}
              value=""
              options={[
                { value: "", label: t("choose_project") },
                ...data.map((one) => ({ value: String(one.id), label: one.name })),
              ]}
              onChange={(chosen) => void navigate({ search: { ...search, project: Number(chosen) }, replace: true })}
            />
          )}
        </Field>
      </Page>
    );
  }
  const name = data.find((one) => one.id === project)?.name;
  return (
    <Editor
      id={null}
      run={null}
      title={name === undefined ? t("new") : t("new_in", { project: name })}
      locked=""
      project={project}
      given={{ text: BEGINNING, version: 0 }}
      search={search}
      go={(next) => void navigate({ search: { ...next, project }, replace: true })}
      made={({ id }) => void navigate({ to: "/pipelines/$id/edit", params: { id: String(id) }, replace: true })}
    />
  );
}
