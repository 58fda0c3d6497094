import type { LinkProps } from "@tanstack/react-router";
import { Play, Redo2, Save, Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "@/ui/button";
import { Choice } from "@/ui/choice";
import { LinkButton } from "@/ui/link-button";
import { Segmented } from "@/ui/segmented";
import type { Snapshot } from "./editing";
import styles from "./editor.module.css";
import { Typed } from "./parameter";
import { type EditorSearch, EVENTS, type Event, VIEWS, type View } from "./search";

interface ToolsProps {
  snapshot: Snapshot;
  /** null: there is nothing to choose, as on a narrow screen. */
  view: View | null;
  search: EditorSearch;
  canSave: boolean;
  isDirty: boolean;
  version: number;
  /** Where what is saved is run; null where that cannot be. */
  run: LinkProps | null;
  go: (search: EditorSearch) => void;
  undo: () => void;
  redo: () => void;
  save: () => void;
}

export function Tools({ snapshot, view, search, canSave, isDirty, version, run, go, undo, redo, save }: ToolsProps) {
  const { t } = useTranslation("pipeline-editor");
  const plan = (event: Event | "") => {
    const { event: _, branch: __, ...rest } = search;
    go(event === "" ? rest : { ...search, event });
  };
  return (
    <>
      <span className="muted">{isDirty ? t("unsaved") : version === 0 ? "" : t("version", { version })}</span>
      <Button
        icon={<Undo2 size={14} />}
        aria-label={t("undo")}
        title={t("undo")}
        disabled={!snapshot.canUndo}
        onClick={undo}
      />
      <Button
        icon={<Redo2 size={14} />}
        aria-label={t("redo")}
        title={t("redo")}
        disabled={!snapshot.canRedo}
        onClick={redo}
      />
      {view !== null && (
        <Segmented
          aria-label={t("view.label")}
          value={view}
          options={VIEWS.map((value) => ({ value, label: t(`view.${value}`) }))}
          onChange={(chosen) => go({ ...search, view: chosen as View })}
        />
      )}
      <Choice<Event | "">
        label={t("plan.event")}
        value={search.event ?? ""}
        options={[
          { value: "", label: t("plan.none") },
          ...EVENTS.map((value) => ({ value, label: t("plan.for", { event: value }) })),
        ]}
        onChange={plan}
      />
      {(search.event === "push" || search.event === "pull_request") && (
        <span className={styles.branch}>
          <label className="unseen" htmlFor="plan-branch">
            {t("plan.branch")}
          </label>
          <Typed
            id="plan-branch"
            said={{ "aria-describedby": undefined, "aria-invalid": false }}
            isLong={false}
            shown={search.branch ?? ""}
            hint={t("plan.branch")}
            take={(branch) => {
              const { branch: _, ...rest } = search;
              go(branch.trim() === "" ? rest : { ...rest, branch: branch.trim() });
            }}
          />
        </span>
      )}
      <Button type="primary" icon={<Save size={14} />} disabled={!canSave} onClick={save}>
        {t("save.save")}
      </Button>
      {run !== null && <Run link={run} isDirty={isDirty} />}
    </>
  );
}

/** What runs is what is saved. */
function Run({ link, isDirty }: { link: LinkProps; isDirty: boolean }) {
  const { t } = useTranslation("pipeline-editor");
  const shown = (
    <>
      <Play size={14} aria-hidden /> {t("run.run")}
    </>
  );
  if (!isDirty) return <LinkButton link={link}>{shown}</LinkButton>;
  return (
    <Button disabled title={t("run.save_first")}>
      {shown}
    </Button>
  );
}
