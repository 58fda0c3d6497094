import { useTranslation } from "react-i18next";
import { useSending } from "@/lib/use-sending";
import { Button } from "./button";
import styles from "./form.module.css";
import { Modal } from "./modal";
import { Refused } from "./refused";

export interface AskDialogProps {
  title: string;
  /** What will be gone, and what stays. */
  says: string;
  /** On the button that does it: "Delete secret". */
  does: string;
  /** On the one that leaves everything as it is, where "Cancel" could be taken for the deed. */
  keeps?: string;
  /** It asks, and nothing is lost by it. */
  calm?: boolean;
  /** "The secret was not deleted." */
  failed: string;
  act: () => Promise<unknown>;
  done?: (() => unknown) | undefined;
  close: () => void;
}

/**
 * Asks before what cannot be taken back, does it when the answer is yes, and stays with the reason where it was refused:
 * so nothing closes it before the server has answered.
 */
export default function AskDialog({
  title,
  says,
  does,
  keeps,
  calm = false,
  failed,
  act,
  done,
  close,
}: AskDialogProps) {
  const { t } = useTranslation();
  const doing = useSending({
    mutationFn: act,
    onSuccess: async () => {
      close();
      await done?.();
    },
  });
  return (
    <Modal
      open
      title={title}
      busy={doing.isPending}
      onCancel={close}
      footer={
        <div className={styles.buttons}>
          <Button autoFocus disabled={doing.isPending} onClick={close}>
            {keeps ?? t("cancel")}
          </Button>
          <Button danger={!calm} type="primary" loading={doing.isPending} onClick={() => doing.mutate()}>
            {does}
          </Button>
        </div>
      }
    >
      <Refused what={failed} error={doing.error} placed={false} />
      <p>{says}</p>
    </Modal>
  );
}
