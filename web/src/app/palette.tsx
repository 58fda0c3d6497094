import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Plus } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { useGoToExecution } from "@/ui/execution-link";
import { Modal } from "@/ui/modal";
import styles from "./palette.module.css";
import { PLACES } from "./places";
import { useFound } from "./use-found";

/** Everything by its name. Opened with ⌘K or Ctrl K. */
export default function Palette({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const goToExecution = useGoToExecution();
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
            <Command.Item
              value={`place ${t("places.new_pipeline")}`}
              onSelect={then(() => navigate({ to: "/pipelines/begin" }))}
            >
              <Plus size={14} aria-hidden /> {t("places.new_pipeline")}
            </Command.Item>
          </Command.Group>
          <Things
            heading={t("places.pipelines")}
            things={found.data?.pipelines.map(({ id, name, description, project_name }) => ({
              key: `pipeline ${id}`,
              name,
              also: project_name,
              words: description,
              go: then(() => navigate({ to: "/pipelines/$id", params: { id: String(id) } })),
            }))}
          />
          <Things
            heading={t("places.projects")}
            things={found.data?.projects.map(({ id, name, description }) => ({
              key: `project ${id}`,
              name,
              words: description,
              go: then(() => navigate({ to: "/projects/$id", params: { id: String(id) } })),
            }))}
          />
          <Things
            heading={t("palette.executions")}
            things={found.data?.executions.map(({ id, number, pipeline_name, message, branch }) => ({
              key: `execution ${id}`,
              name: `${pipeline_name} #${number}`,
              also: message,
              words: `${message} ${branch}`,
              go: then(() => goToExecution({ id })),
            }))}
          />
          <Things
            heading={t("palette.types")}
            things={found.data?.types.map(({ name, summary }) => ({
              key: `type ${name}`,
              name,
              also: summary,
              words: summary,
              go: then(() => navigate({ to: "/steps", search: { type: name } })),
            }))}
          />
          <Things
            heading={t("palette.saved")}
            things={found.data?.saved.map(({ id, name, description }) => ({
              key: `saved ${id}`,
              name,
              also: description,
              words: description,
              go: then(() => navigate({ to: "/steps", search: { tab: "saved", ...(id !== null && { step: id }) } })),
            }))}
          />
          <Things
            heading={t("palette.people")}
            things={found.data?.people.map(({ id, username, name }) => ({
              key: `person ${id}`,
              name: username,
              also: name,
              words: name,
              go: then(() => navigate({ to: "/people", search: { search: username } })),
            }))}
          />
          <Things
            heading={t("palette.tools")}
            things={found.data?.tools.map(({ id, name }) => ({
              key: `tool ${id}`,
              name,
              go: then(() => navigate({ to: "/tools" })),
            }))}
          />
        </Command.List>
      </Command>
    </Modal>
  );
}

interface Thing {
  readonly key: string;
  readonly name: string;
  /** Shown beside it, and not looked in. */
  readonly also?: string;
  /** What it is found by, and not shown. */
  readonly words?: string;
  readonly go: () => void;
}

function Things({ heading, things = [] }: { heading: string; things?: readonly Thing[] | undefined }) {
  if (things.length === 0) return null;
  return (
    <Command.Group heading={heading}>
      {things.map(({ key, name, also = "", words = "", go }) => (
        <Command.Item key={key} value={`${key} ${name} ${words}`} onSelect={go}>
          {name} <span className={styles.also}>{also}</span>
        </Command.Item>
      ))}
    </Command.Group>
  );
}
