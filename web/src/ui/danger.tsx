import { type ReactNode, useState } from "react";
import type { AskDialogProps } from "./ask-dialog";
import { Button } from "./button";
import { part } from "./part";

/** The one question before a deed. Fetched when somebody wants to: few do, and a dialog is large. */
export const AskDialog = part(async () => (await import("./ask-dialog")).default, { isOver: true });

interface DangerProps extends Omit<AskDialogProps, "does" | "keeps" | "close"> {
  /** On the button, and on the one that does it. */
  label: string;
  icon?: ReactNode;
  size?: "small";
  disabled?: boolean;
}

/** A deed that cannot be taken back, or is felt by others: it asks first. */
export function Danger({ label, icon, size, disabled = false, ...question }: DangerProps) {
  const [asks, setAsks] = useState(false);
  const ask = () => setAsks(true);
  return (
    <>
      {icon === undefined ? (
        <Button danger={question.calm !== true} disabled={disabled} onClick={ask} {...(size ? { size } : {})}>
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
          onClick={ask}
        />
      )}
      {asks && <AskDialog {...question} does={label} close={() => setAsks(false)} />}
    </>
  );
}
