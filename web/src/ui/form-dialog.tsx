import { type FormEvent, type ReactNode, useId } from "react";
import { useTranslation } from "react-i18next";
import { Said } from "@/lib/said";
import { useSending } from "@/lib/use-sending";
import { Button } from "./button";
import styles from "./form.module.css";
import { Modal } from "./modal";
import { Refused, type Wrong, wrongOf } from "./refused";

interface FormDialogProps<Result> {
  title: string;
  submit: string;
  /** "The secret was not saved." */
  failed: string;
  send: (said: Said) => Promise<Result>;
  done?: (result: Result) => unknown;
  /** Once it is done, and when somebody turns away; `dismiss` where the two differ. */
  close: () => void;
  dismiss?: () => void;
  width?: number;
  children: (wrong: Wrong) => ReactNode;
}

const CONTROL = "input:not([hidden]), select, textarea";

/**
 * Asks, sends, and closes once the server has agreed: nothing closes it while it is sent. What was typed stays when the
 * server refuses, and is not lost to a stray click.
 */
export function FormDialog<Result>(props: FormDialogProps<Result>) {
  const { title, submit, failed, send, done, close, dismiss = close, width, children } = props;
  const { t } = useTranslation();
  const form = useId();
  const sending = useSending({
    mutationFn: send,
    onSuccess: async (result) => {
      await done?.(result);
      close();
    },
  });
  const { wrong, placed } = wrongOf(sending.error);
  const fields = children(wrong);
  const focusFirst = (isOpen: boolean) => {
    const place = document.getElementById(form);
    if (isOpen && !place?.contains(document.activeElement)) place?.querySelector<HTMLElement>(CONTROL)?.focus();
  };
  const submitted = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    event.stopPropagation();
    sending.mutate(new Said(new FormData(event.currentTarget)));
  };
  return (
    <Modal
      open
      title={title}
      busy={sending.isPending}
      onCancel={dismiss}
      afterOpenChange={focusFirst}
      mask={{ closable: false }}
      {...(width === undefined ? {} : { width })}
      footer={
        <div className={styles.buttons}>
          <Button disabled={sending.isPending} onClick={dismiss}>
            {t("cancel")}
          </Button>
          <Button type="primary" htmlType="submit" form={form} loading={sending.isPending}>
            {submit}
          </Button>
        </div>
      }
    >
      <form id={form} onSubmit={submitted}>
        <Refused what={failed} error={sending.error} placed={placed()} />
        {fields}
      </form>
    </Modal>
  );
}
