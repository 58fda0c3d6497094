import { Check, Copy as CopyIcon } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./button";

/** Puts a text on the clipboard, and says that it did. Where the browser has none (no TLS), there is nothing to press. */
export function Copy({ text, label }: { text: string; label?: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  if (navigator.clipboard === undefined) return null;
  const says = copied ? t("copy.done") : t("copy.do");
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <Button
      size="small"
      icon={copied ? <Check size={13} aria-hidden /> : <CopyIcon size={13} aria-hidden />}
      title={says}
      aria-label={label === undefined ? says : undefined}
      onClick={() => void copy()}
      onBlur={() => setCopied(false)}
    >
      {label === undefined ? null : copied ? says : label}
    </Button>
  );
}
