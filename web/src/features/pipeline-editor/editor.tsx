import { useQuery } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { CircleX, X } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { PipelineWithSource, ProblemBody } from "@/api/generated";
import { useKey } from "@/lib/use-key";
import { Page } from "@/ui/page";
import { plan as planOf, stepTypes, verdict } from "./api";
import { PlanList, ProblemList, Said } from "./below";
import Canvas from "./canvas";
import { Editing } from "./editing";
import styles from "./editor.module.css";
import { Library } from "./library";
import { connect, disconnect, place } from "./model/canvas-edits";
import { sourceOf } from "./model/document/edits";
import { Refusal } from "./model/document/refusal";
import { removeStep } from "./model/document/step-edits";
import type { Change } from "./model/document/value-edits";
import type { Value } from "./model/document/values";
import { byStep, planByStep } from "./model/marks";
import { nearestPlace, rangeOf } from "./model/places";
import { phrases } from "./phrases";
import { ConflictDialog, LeaveDialog, SaveDialog } from "./save-dialog";
import type { EditorSearch } from "./search";
import { StepForm } from "./step-form";
import { TextPane } from "./text-pane";
import { Tools } from "./tools";
import { useLater } from "./use-later";
import { useNarrow } from "./use-narrow";
import { useReading } from "./use-reading";
import { type Saved, useSaving } from "./use-saving";
import { useFollowCursor, useSnapshot } from "./use-snapshot";

interface EditorProps {
  /** null: it is not saved yet. */
  id: number | null;
  title: string;
  /** Why it cannot be saved here, "" where it can. */
  locked: string;
  project: number | undefined;
  given: Saved;
  search: EditorSearch;
  go: (search: EditorSearch) => void;
  made: (pipeline: PipelineWithSource) => void;
}

const CHECK_AFTER = 400;

/** Canvas and text of one file. The text is what counts; the canvas is drawn from it and changes it in small edits. */
export function Editor({ id, title, locked, project, given, search, go, made }: EditorProps) {
  const { t, i18n } = useTranslation("pipeline-editor");
  const [editing] = useState(() => new Editing(given.text, t("text.label"), phrases(t)));
  const isChinese = i18n.language.startsWith("zh");
  const snapshot = useSnapshot(editing);
  const reading = useReading(snapshot.text);
  const leaving = useRef(false);
  const saving = useSaving({
    id,
    project,
    editing,
    given,
    made: (pipeline) => {
      leaving.current = true;
      made(pipeline);
    },
  });
  const [refused, setRefused] = useState<Refusal | null>(null);
  const isNarrow = useNarrow();
  const view = isNarrow ? "text" : (search.view ?? "both");
  const isDirty = snapshot.text !== saving.saved.text;

  const settled = useLater(snapshot.text, CHECK_AFTER);
  const isBlank = id === null && settled === given.text; // nobody is told off for a file that is just begun
  const checked = useQuery({ ...verdict(id, settled), enabled: !isBlank });
  const event = id === null ? undefined : search.event;
  const planned = useQuery({
    ...planOf(id ?? 0, settled, event ?? "push", search.branch),
    enabled: event !== undefined,
  });
  const problems = checked.data?.problems ?? NONE;
  const notes = checked.data?.notes ?? NONE;
  const wrong = useMemo(() => byStep(problems), [problems]);
  const noted = useMemo(() => byStep(notes), [notes]);
  const plan = event !== undefined && planned.error === null ? planned.data : undefined;
  const runs = useMemo(() => (plan === undefined ? null : planByStep(plan)), [plan]);
  useEffect(() => {
    const severe = (severity: "error" | "info") => (one: ProblemBody) => ({ ...one, severity });
    const here = ({ file }: ProblemBody) => file === "";
    editing.mark([...problems.filter(here).map(severe("error")), ...notes.filter(here).map(severe("info"))]);
  }, [editing, problems, notes]);

  // What is chosen
  const latest = useRef({ search, go });
  latest.current = { search, go };
  const choose = useCallback((step: string | undefined) => {
    const { search: now, go: turn } = latest.current;
    if (now.step !== step) turn(step === undefined ? without(now) : { ...now, step });
  }, []);
  const step = reading.drawing.steps.find((one) => one.id === search.step);
  useFollowCursor(snapshot.cursor, reading.source, choose);
  useEffect(() => {
    const path = step === undefined ? null : [step.section, step.id];
    editing.point(path === null || reading.source === null ? null : rangeOf(reading.source, path));
  }, [editing, reading.source, step]);

  // What is done
  const edit = (make: (value: Value) => Change[]): boolean => {
    try {
      editing.edit(make(sourceOf(editing.now().text).value));
      setRefused(null);
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      setRefused(error);
      return false;
    }
  };
  const kinds = useQuery(stepTypes).data ?? [];
  const add = (name: string, needs: readonly string[]) => {
    const kind = kinds.find((one) => one.name === name);
    if (kind === undefined) return;
    let fresh = "";
    const isDone = edit((value) => {
      const placed = place(value, kind, needs);
      fresh = placed.id;
      return placed.edits;
    });
    if (isDone) choose(fresh);
  };
  const remove = (name: string) => {
    if (edit(() => [removeStep(name)])) choose(undefined);
  };
  const openText = (path: readonly (string | number)[]) => {
    if (view === "canvas") go({ ...search, view: "both" });
    const source = sourceOf(editing.now().text);
    const found = nearestPlace(source, path);
    if (found !== null) requestAnimationFrame(() => editing.point(found, { focus: true }));
  };
  const openProblem = (problem: ProblemBody) => {
    const [section, name] = problem.path;
    if ((section === "steps" || section === "finally") && typeof name === "string") choose(name);
    if (problem.line > 0 && problem.file === "") editing.goTo(problem.line);
  };
  const canSave = isDirty && locked === "" && !(id === null && project === undefined);
  useKey("mod+s", t("keys.save"), saving.ask, { enabled: canSave });
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && !leaving.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty && !leaving.current,
    withResolver: true,
  });

  const showsForm = view !== "text" && step !== undefined && reading.source !== null && !reading.isStale;
  return (
    <div className={styles.editor}>
      <Page
        title={title}
        actions={
          <Tools
            snapshot={snapshot}
            view={isNarrow ? null : view}
            search={search}
            canPlan={id !== null}
            canSave={canSave}
            isDirty={isDirty}
            version={saving.saved.version}
            go={go}
            undo={() => editing.undo()}
            redo={() => editing.redo()}
            save={saving.ask}
          />
        }
      >
        {locked !== "" && <p className={styles.notice}>{locked}</p>}
        {refused !== null && (
          <p className={styles.notice} role="alert" data-look="bad">
            <CircleX size={14} aria-hidden />
            <span>
              {isChinese && i18n.exists(`pipeline-editor:refused.${refused.code}`)
                ? t(`refused.${refused.code}` as "refused.shared")
                : `${refused.message} ${refused.hint}`}
            </span>
            <button type="button" aria-label={t("dismiss")} onClick={() => setRefused(null)}>
              <X size={14} aria-hidden />
            </button>
          </p>
        )}
        <div className={styles.parts} data-view={view} data-form={showsForm}>
          {view !== "text" && (
            <div className={styles.drawn}>
              <Library
                chosen={step?.id}
                disabled={reading.isStale}
                add={(kind) => add(kind.name, step === undefined ? [] : [step.id])}
              />
              <Canvas
                key={view}
                isDown={view === "both"}
                drawing={reading.drawing}
                chosen={step?.id}
                wrong={wrong}
                noted={noted}
                plan={runs}
                isStale={reading.isStale}
                choose={choose}
                connect={(from, to) => edit((value) => connect(value, from, to))}
                disconnect={(need, name) => edit((value) => disconnect(value, need, name))}
                remove={remove}
                place={add}
                undo={() => editing.undo()}
                redo={() => editing.redo()}
              />
            </div>
          )}
          <div className={styles.written} data-hidden={view === "canvas"}>
            <TextPane editing={editing} />
          </div>
          {showsForm && reading.source !== null && (
            <StepForm
              step={step}
              value={reading.source.value}
              drawing={reading.drawing}
              problems={problems}
              edit={edit}
              renamed={choose}
              remove={() => remove(step.id)}
              openText={(keys) => openText([step.section, step.id, ...keys])}
              close={() => choose(undefined)}
            />
          )}
        </div>
        <div className={styles.foot}>
          {checked.data === undefined ? null : (
            <Said
              problems={problems.length}
              notes={notes.length}
              steps={checked.data.steps}
              isChecking={checked.isFetching || settled !== snapshot.text}
            />
          )}
          {checked.error !== null && <span role="alert">{t("problems.unchecked")}</span>}
          {problems.length + notes.length > 0 && (plan === undefined || problems.length > 0) && (
            <ProblemList problems={problems} notes={notes} open={openProblem} />
          )}
          {plan !== undefined && problems.length === 0 && <PlanList plan={plan} choose={choose} />}
          {event !== undefined && planned.error !== null && problems.length === 0 && (
            <p role="alert">{planned.error.message}</p>
          )}
        </div>
      </Page>
      {saving.asks && (
        <SaveDialog
          before={saving.saved.version === 0 ? "" : saving.saved.text}
          after={snapshot.text}
          problems={problems.length}
          isSaving={saving.isSaving}
          error={saving.error}
          save={saving.save}
          close={saving.back}
        />
      )}
      {saving.conflict !== null && (
        <ConflictDialog
          says={
            isChinese
              ? t("conflict.says", { version: saving.conflict.theirs.version, base: saving.conflict.base })
              : saving.conflict.says
          }
          theirs={saving.conflict.theirs}
          mine={snapshot.text}
          keepMine={saving.keepMine}
          takeTheirs={saving.takeTheirs}
          close={saving.later}
        />
      )}
      {blocker.status === "blocked" && <LeaveDialog leave={blocker.proceed} stay={blocker.reset} />}
    </div>
  );
}

const NONE: readonly ProblemBody[] = [];

function without({ step: _, ...rest }: EditorSearch): EditorSearch {
  return rest;
}
