import { type LinkProps, useBlocker } from "@tanstack/react-router";
import { type ReactNode, useCallback, useDeferredValue, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PipelineWithSource, ProblemBody } from "@/api/generated";
import { useKey } from "@/lib/use-key";
import { Page } from "@/ui/page";
import { part } from "@/ui/part";
import { Below } from "./below";
import Canvas from "./canvas";
import { dropDraft } from "./drafts";
import { Editing } from "./editing";
import styles from "./editor.module.css";
import { Library } from "./library";
import { sourceOf } from "./model/document/edits";
import { isSection } from "./model/document/steps";
import { nearestPlace, rangeOf } from "./model/places";
import { DraftBack, Refused } from "./notices";
import { phrases } from "./phrases";
import type { EditorSearch } from "./search";
import { StepForm } from "./step-form";
import { TextPane } from "./text-pane";
import { Tools } from "./tools";
import { useChecks } from "./use-checks";
import { useDeeds } from "./use-deeds";
import { useKeepDraft, useKeptDraft } from "./use-draft";
import { useLibrary } from "./use-library";
import { useNarrow } from "./use-narrow";
import { useReading } from "./use-reading";
import { type Saved, useSaving } from "./use-saving";
import { useFollowCursor, useSnapshot } from "./use-snapshot";

// Nobody needs them before there is something to save. They are fetched ahead, for when there is no network by then.
const dialogs = () => import("./save-dialog");
const SaveDialog = part(async () => (await dialogs()).SaveDialog, { isOver: true });
const ConflictDialog = part(async () => (await dialogs()).ConflictDialog, { isOver: true });
const LeaveDialog = part(async () => (await dialogs()).LeaveDialog, { isOver: true });

interface EditorProps {
  /** null: it is not saved yet. */
  id: number | null;
  title: string;
  /** The way back to where it belongs. */
  above?: ReactNode;
  /** Where it is run; null where that cannot be. */
  run: LinkProps | null;
  /** Why it cannot be saved here, "" where it can. */
  locked: string;
  project: number | undefined;
  given: Saved;
  search: EditorSearch;
  go: (search: EditorSearch) => void;
  made: (pipeline: PipelineWithSource) => void;
}

/** Canvas and text of one file. The text is what counts; the canvas is drawn from it and changes it in small edits. */
export function Editor({ id, title, above, run, locked, project, given, search, go, made }: EditorProps) {
  const { t } = useTranslation("pipeline-editor");
  const draft = useKeptDraft(id, project, given);
  const [editing] = useState(() => {
    const begun = new Editing(given.text, t("text.label"), phrases(t));
    if (draft.kept !== null) begun.replace(draft.kept.text);
    return begun;
  });
  const snapshot = useSnapshot(editing);
  const reading = useReading(snapshot.text);
  const leaving = useRef(false);
  const saving = useSaving({
    id,
    project,
    editing,
    given,
    base: draft.kept?.version ?? given.version,
    made: (pipeline) => {
      leaving.current = true;
      made(pipeline);
    },
  });
  const isNarrow = useNarrow();
  const view = isNarrow ? "text" : (search.view ?? "both");
  const isDirty = snapshot.text !== saving.saved.text;
  useKeepDraft(draft, snapshot.text, saving.saved);
  const checks = useChecks({ id, text: snapshot.text, beginning: given.text, editing, search });

  const offered = useLibrary(project);
  const latest = useRef({ search, go, offered });
  latest.current = { search, go, offered };
  const choose = useCallback((step: string | undefined) => {
    const { search: now, go: turn } = latest.current;
    if (now.step !== step) turn(step === undefined ? without(now) : { ...now, step });
  }, []);
  const { source, drawing, isStale } = reading;
  const step = drawing.steps.find((one) => one.id === search.step);
  // Text and form do not wait until hundreds of boxes are drawn. The chosen one is shown at once: keys act upon it.
  const drawn = useDeferredValue(drawing);
  // Nor does the text wait for the form of another step. What a form says is always of the step that it shows.
  const formed = useDeferredValue(step);
  useFollowCursor(snapshot.cursor, source, choose);
  useEffect(() => {
    const path = step === undefined ? null : [step.section, step.id];
    editing.point(path === null || source === null ? null : rangeOf(source, path));
  }, [editing, source, step]);

  useEffect(() => SaveDialog.ahead(), []); // the others come with it

  const { deeds, refused } = useDeeds(editing, choose);
  const place = useCallback(
    (key: string, needs: readonly string[]) => {
      const entry = latest.current.offered.find(key);
      if (entry !== undefined) deeds.add(entry, needs);
    },
    [deeds],
  );
  const openText = (path: readonly (string | number)[]) => {
    if (view === "canvas") go({ ...search, view: "both" });
    const found = nearestPlace(sourceOf(editing.now().text), path);
    if (found !== null) requestAnimationFrame(() => editing.point(found, { focus: true }));
  };
  const openProblem = ({ path: [section, name], line, file }: ProblemBody) => {
    if (isSection(section) && typeof name === "string") choose(name);
    if (line > 0 && file === "") editing.goTo(line);
  };
  const canSave = isDirty && locked === "" && !(id === null && project === undefined);
  useKey("mod+s", t("keys.save"), saving.ask, { enabled: canSave });
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && !leaving.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty && !leaving.current,
    withResolver: true,
  });

  const showsForm = view !== "text" && step !== undefined && formed !== undefined && source !== null && !isStale;
  return (
    <div className={styles.editor}>
      <Page
        title={title}
        above={above}
        actions={
          <Tools
            snapshot={snapshot}
            view={isNarrow ? null : view}
            search={search}
            canSave={canSave}
            isDirty={isDirty}
            version={saving.saved.version}
            run={run}
            go={go}
            undo={deeds.undo}
            redo={deeds.redo}
            save={saving.ask}
          />
        }
      >
        {locked !== "" && <p className={styles.notice}>{locked}</p>}
        <DraftBack
          kept={draft.kept}
          isOver={!isDirty || saving.saved.version !== draft.kept?.version}
          drop={saving.giveUp}
        />
        {refused !== null && <Refused refused={refused} dismiss={deeds.dismiss} />}
        <div className={styles.parts} data-view={view} data-form={showsForm}>
          {view !== "text" && (
            <div className={styles.drawn}>
              <Library
                offered={offered}
                chosen={step?.id}
                disabled={isStale}
                add={(entry) => deeds.add(entry, step === undefined ? [] : [step.id])}
              />
              <Canvas
                key={view}
                isDown={view === "both"}
                drawing={drawn}
                chosen={step?.id}
                wrong={checks.wrong}
                noted={checks.noted}
                plan={checks.planned}
                isStale={isStale}
                choose={choose}
                connect={deeds.connect}
                disconnect={deeds.disconnect}
                remove={deeds.remove}
                place={place}
                undo={deeds.undo}
                redo={deeds.redo}
              />
            </div>
          )}
          <div className={styles.written} data-hidden={view === "canvas"}>
            <TextPane editing={editing} />
          </div>
          {showsForm && (
            <StepForm
              step={formed}
              value={source.value}
              drawing={drawing}
              problems={checks.problems}
              edit={deeds.edit}
              renamed={choose}
              remove={() => deeds.remove(formed.id)}
              openText={(keys) => openText([formed.section, formed.id, ...keys])}
              close={() => choose(undefined)}
            />
          )}
        </div>
        <Below checks={checks} open={openProblem} choose={choose} />
      </Page>
      {saving.asks && (
        <SaveDialog
          before={saving.saved.version === 0 ? "" : saving.saved.text}
          after={snapshot.text}
          problems={checks.problems.length}
          isSaving={saving.isSaving}
          error={saving.error}
          save={saving.save}
          close={saving.back}
        />
      )}
      {saving.conflict !== null && (
        <ConflictDialog
          conflict={saving.conflict}
          mine={snapshot.text}
          keepMine={saving.keepMine}
          takeTheirs={saving.takeTheirs}
          close={saving.later}
        />
      )}
      {blocker.status === "blocked" && (
        <LeaveDialog
          leave={() => {
            dropDraft(draft.key);
            blocker.proceed();
          }}
          stay={blocker.reset}
        />
      )}
    </div>
  );
}

function without({ step: _, ...rest }: EditorSearch): EditorSearch {
  return rest;
}
