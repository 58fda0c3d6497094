import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button";

interface ToggleProps {
  icon: LucideIcon;
  /** What it does: its name, where it shows no word. */
  says: string;
  on: boolean;
  /** Whether it stands out; as long as it is on, if nothing else is said. */
  shines?: boolean;
  act: () => void;
  children?: ReactNode;
}

/** A button that stays down while something is on. */
export function Toggle({ icon: Icon, says, on, shines = on, act, children = null }: ToggleProps) {
  return (
    <Button
      size="small"
      type={shines ? "primary" : "default"}
      aria-pressed={on}
      aria-label={children === null ? says : undefined}
      title={says}
      icon={<Icon size={13} aria-hidden />}
      onClick={act}
    >
      {children}
    </Button>
  );
}
