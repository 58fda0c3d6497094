import { useTranslation } from "react-i18next";
import { Modal } from "@/ui/modal";

/** Asks before everything that runs is stopped. Fetched when somebody wants to: few do, and a dialog is large. */
export default function CancelDialog({ close, act }: { close: () => void; act: () => void }) {
  const { t } = useTranslation("execution-live");
  return (
    <Modal
      open
      title={t("cancel_title")}
      okText={t("cancel_ok")}
      cancelText={t("cancel_not")}
      okButtonProps={{ danger: true }}
      onCancel={close}
      onOk={act}
    >
      {t("cancel_says")}
    </Modal>
  );
}
