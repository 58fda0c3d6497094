import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { translated } from "@/lib/sentences";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Modal } from "@/ui/modal";
import { part } from "@/ui/part";
import { Failure, Skeleton } from "@/ui/states";
import type { Conflict } from "./use-saving";

const TextDiff = part(async () => (await import("./text-diff")).default, { fallback: <Skeleton rows={4} /> });
TextDiff.ahead(); // who fetches the dialogs will want it

interface SaveDialogProps {
  before: string;
  after: string;
  problems: number;
  isSaving: boolean;
  error: { message: string; code?: string } | null;
  save: (message: string) => void;
  close: () => void;
}

/** What will be saved, before it is. */
export function SaveDialog({ before, after, problems, isSaving, error, save, close }: SaveDialogProps) {
  const { t } = useTranslation("pipeline-editor");
  const form = useId();
  const [message, setMessage] = useState("");
  return (
    <Modal
      open
      width={860}
      title={t("save.title")}
      busy={isSaving}
      onCancel={close}
      mask={{ closable: false }}
      footer={
        <>
          <Button disabled={isSaving} onClick={close}>
            {t("save.back")}
          </Button>
          <Button type="primary" htmlType="submit" form={form} loading={isSaving}>
            {t("save.do")}
          </Button>
        </>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          save(message);
        }}
      >
        {error !== null && <Failure what={t("save.failed")} error={error} />}
        {problems > 0 && <p role="alert">{t("save.problems", { count: problems })}</p>}
        <Field label={t("save.message")} about={t("save.message_about")}>
          {(ids) => (
            <Input
              {...ids}
              autoFocus
              maxLength={400}
              value={message}
              onChange={({ target }) => setMessage(target.value)}
            />
          )}
        </Field>
      </form>
      <TextDiff label={t("save.diff")} before={before} after={after} />
    </Modal>
  );
}

interface ConflictDialogProps {
  conflict: Conflict;
  mine: string;
  keepMine: () => void;
  takeTheirs: () => void;
  close: () => void;
}

/** Somebody saved in the meantime: both texts, and nothing is lost whichever is taken. */
export function ConflictDialog({ conflict, mine, keepMine, takeTheirs, close }: ConflictDialogProps) {
  const { t } = useTranslation("pipeline-editor");
  const { says, theirs } = conflict;
  return (
    <Modal
      open
      width={1040}
      title={t("conflict.title")}
      onCancel={close}
      footer={
        <>
          <Button onClick={close}>{t("conflict.later")}</Button>
          <Button onClick={takeTheirs}>{t("conflict.theirs", { version: theirs.version })}</Button>
          <Button type="primary" onClick={keepMine}>
            {t("conflict.mine", { version: theirs.version })}
          </Button>
        </>
      }
    >
      <p>{translated(says)}</p>
      <p className="muted">{t("conflict.about", { version: theirs.version })}</p>
      <TextDiff label={t("conflict.both")} before={theirs.text} after={mine} sideBySide />
    </Modal>
  );
}

export function LeaveDialog({ leave, stay }: { leave: () => void; stay: () => void }) {
  const { t } = useTranslation("pipeline-editor");
  return (
    <Modal
      open
      title={t("leave.title")}
      onCancel={stay}
      footer={
        <>
          <Button danger onClick={leave}>
            {t("leave.leave")}
          </Button>
          <Button type="primary" autoFocus onClick={stay}>
            {t("leave.stay")}
          </Button>
        </>
      }
    >
      <p>{t("leave.about")}</p>
    </Modal>
  );
}
