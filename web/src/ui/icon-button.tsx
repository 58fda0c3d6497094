import type { LucideIcon } from "lucide-react";
import { Button } from "./button";

/** A deed on a row. */
export function IconButton({ icon: Icon, label, act }: { icon: LucideIcon; label: string; act: () => void }) {
  return (
    <Button
      type="text"
      size="small"
      icon={<Icon size={14} aria-hidden />}
      title={label}
      aria-label={label}
      onClick={act}
    />
  );
}
