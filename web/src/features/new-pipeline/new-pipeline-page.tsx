import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type NewPipeline, type ProjectBody, pipelinesCreate } from "@/api/generated";
import { may } from "@/lib/roles";
import { said } from "@/lib/search";
import { useSending } from "@/lib/use-sending";
import { Asked } from "@/ui/asked";
import { Choice } from "@/ui/choice";
import { Field } from "@/ui/field";
import { Page } from "@/ui/page";
import { Empty } from "@/ui/states";
import { Tabs } from "@/ui/tabs";
import { projects } from "./api";
import { FromRepository } from "./from-repository";
import { FromSteps } from "./from-steps";
import { FromText } from "./from-text";
import styles from "./new-pipeline.module.css";
import { WAYS, type Way } from "./search";

const route = getRouteApi("/shell/pipelines/begin");

/** What each way needs to make a pipeline. */
export interface WayProps {
  project: ProjectBody;
  make: (body: Omit<NewPipeline, "project">) => void;
  making: boolean;
  error: Error | null;
}

const SHOWN: Record<Way, (props: WayProps) => React.ReactNode> = {
  text: FromText,
  steps: FromSteps,
  repository: FromRepository,
};

/** A pipeline from the text of its file, from a list of steps, or from the project's repository. */
export function NewPipelinePage() {
  const { t } = useTranslation("new-pipeline");
  const search = route.useSearch();
  const { way = "text" } = search;
  const asked = useQuery(projects);
  const tabs = WAYS.map((key) => ({
    key,
    text: t(`ways.${key}`),
    link: { to: "/pipelines/begin" as const, search: said({ ...search, way: key === "text" ? undefined : key }) },
  }));
  return (
    <Page
      title={t("title")}
      above={<Link to="/pipelines">{t("all")}</Link>}
      actions={
        <Link to="/pipelines/new" search={search.project === undefined ? {} : { project: search.project }}>
          {t("draw")}
        </Link>
      }
      below={<Tabs label={t("ways.label")} tabs={tabs} current={way} />}
    >
      <Asked asked={asked} failed={t("failed")}>
        {(found) => <Inside projects={found.filter((one) => may(one, "pipeline.change"))} />}
      </Asked>
    </Page>
  );
}

function Inside({ projects: possible }: { projects: readonly ProjectBody[] }) {
  const { t } = useTranslation("new-pipeline");
  const search = route.useSearch();
  const choose = route.useNavigate();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const project = possible.find(({ id }) => id === search.project) ?? possible[0];
  const making = useSending({
    mutationFn: async (body: NewPipeline) => (await pipelinesCreate({ body })).data,
    onSuccess: async ({ id }) => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["pipelines"] }),
        queries.invalidateQueries({ queryKey: ["projects"] }),
      ]);
      await navigate({ to: "/pipelines/$id", params: { id: String(id) }, search: { tab: "file" } });
    },
  });
  if (project === undefined)
    return <Empty says={t("no_project")} action={<Link to="/projects">{t("to_projects")}</Link>} />;
  const Shown = SHOWN[search.way ?? "text"];
  return (
    <div className={styles.page}>
      <Field label={t("project")}>
        {({ id }) => (
          <Choice
            id={id}
            value={String(project.id)}
            options={possible.map((one) => ({ value: String(one.id), label: one.name }))}
            onChange={(chosen) => void choose({ search: { ...search, project: Number(chosen) }, replace: true })}
          />
        )}
      </Field>
      <Shown
        key={search.way ?? "text"}
        project={project}
        make={(body) => making.mutate({ project: project.id, ...body })}
        making={making.isPending}
        error={making.error}
      />
    </div>
  );
}
