import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import styles from "./form.module.css";
import { Modal } from "./modal";
import { Refused } from "./refused";

interface DangerProps {
  /** On the button, and on the one that does it: "Delete secret". */
  label: string;
  icon?: ReactNode;
  size?: "small";
  /** It asks, and nothing is lost by it. */
  calm?: boolean;
  disabled?: boolean;
  title: string;
  /** What will be gone, and what stays. */
  says: string;
  failed: string;
  act: () => Promise<unknown>;
  done?: () => unknown;
}

/** A deed that cannot be taken back, or is felt by others: it asks first. */
export function Danger({
  label,
  icon,
  size,
  calm = false,
  disabled = false,
  title,
  says,
  failed,
  act,
  done,
}: DangerProps) {
  const { t } = useTranslation();
  const [asks, setAsks] = useState(false);
  const doing = useMutation({
    mutationFn: act,
    onSuccess: async () => {
      setAsks(false);
      await done?.();
    },
  });
  const open = () => {
    doing.reset();
    setAsks(true);
  };
  return (
    <>
      {icon === undefined ? (
        <Button danger={!calm} disabled={disabled} onClick={open} {...(size ? { size } : {})}>
          {label}
        </Button>
      ) : (
        <Button
          danger
          type="text"
          size="small"
          icon={icon}
          title={label}
          aria-label={label}
          disabled={disabled}
          onClick={open}
        />
      )}
      {asks && (
        <Modal
          open
          title={title}
          onCancel={() => setAsks(false)}
          footer={
            <div className={styles.buttons}>
              <Button autoFocus onClick={() => setAsks(false)}>
                {t("cancel")}
              </Button>
              <Button danger={!calm} type="primary" loading={doing.isPending} onClick={() => doing.mutate()}>
                {label}
              </Button>
            </div>
          }
        >
          <Refused what={failed} error={doing.error} placed={false} />
          <p>{says}</p>
        </Modal>
      )}
    </>
  );
}
