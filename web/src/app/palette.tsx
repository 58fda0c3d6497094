import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { pipelinesList, projectsList } from "@/api/generated";
import { Modal } from "@/ui/modal";
import styles from "./palette.module.css";
import { PLACES } from "./places";

/** Everything by its name: places, projects, pipelines. Opened with ⌘K or Ctrl K. */
export default function Palette({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const found = useFound(useDeferredValue(typed.trim()));
  const then = (go: () => Promise<void>) => () => {
    close();
    void go();
  };
  return (
    <Modal open title={t("palette.title")} footer={null} closable={false} onCancel={close} className={styles.palette}>
      <Command label={t("palette.title")} loop>
        <Command.Input autoFocus value={typed} onValueChange={setTyped} placeholder={t("palette.placeholder")} />
        <Command.List>
          <Command.Empty>{found.isFetching ? t("loading") : t("palette.nothing")}</Command.Empty>
          <Command.Group heading={t("palette.places")}>
            {PLACES.map(({ to, text, icon: Icon }) => (
              <Command.Item key={to} value={`place ${t(`places.${text}`)}`} onSelect={then(() => navigate({ to }))}>
                <Icon size={14} aria-hidden /> {t(`places.${text}`)}
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading={t("places.pipelines")}>
            {found.data?.pipelines.map((pipeline) => (
              <Command.Item
                key={pipeline.id}
                value={`pipeline ${pipeline.id} ${pipeline.name} ${pipeline.description}`}
                onSelect={then(() => navigate({ to: "/executions", search: { pipeline: pipeline.id } }))}
              >
                {pipeline.name} <span className="muted">{pipeline.project_name}</span>
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading={t("places.projects")}>
            {found.data?.projects.map((project) => (
              <Command.Item
                key={project.id}
                value={`project ${project.id} ${project.name} ${project.description}`}
                onSelect={then(() => navigate({ to: "/pipelines", search: { project: project.id } }))}
              >
                {project.name}
              </Command.Item>
            ))}
          </Command.Group>
        </Command.List>
      </Command>
    </Modal>
  );
}

/** What the server finds; what is typed on is looked for while the last answer stands. */
function useFound(words: string) {
  return useQuery({
    queryKey: ["palette", words],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { page_size: 8, ...(words === "" ? {} : { search: words }) };
      const [pipelines, projects] = await Promise.all([
        pipelinesList({ query: { ...query, ordering: "-executed_at" }, signal }),
        projectsList({ query, signal }),
      ]);
      return { pipelines: pipelines.data.results, projects: projects.data.results };
    },
  });
}
