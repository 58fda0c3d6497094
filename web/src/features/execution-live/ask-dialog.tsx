import { useTranslation } from "react-i18next";
import { Modal } from "@/ui/modal";

interface AskDialogProps {
  /** What it is about to do; the texts are by its name. */
  what: "cancel" | "cancel_step" | "reject";
  close: () => void;
  act: () => void;
}

/**
 * Asks before what cannot be taken back: it is sent as soon as the answer is yes. Fetched when somebody wants to: few do,
 * and a dialog is large.
 */
export default function AskDialog({ what, close, act }: AskDialogProps) {
  const { t } = useTranslation("execution-live");
  return (
    <Modal
      open
      title={t(`ask.${what}.title`)}
      okText={t(`ask.${what}.do`)}
      cancelText={t(`ask.${what}.not`)}
      okButtonProps={{ danger: true }}
      onCancel={close}
      onOk={() => {
        close();
        act();
      }}
    >
      {t(`ask.${what}.says`)}
    </Modal>
  );
}
