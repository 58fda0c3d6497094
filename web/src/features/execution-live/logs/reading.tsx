import { ArrowDownToLine, WrapText } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Kept, useKept } from "@/lib/kept";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";

const WRAP: Kept<"off" | "on"> = { key: "ansflow.log.wrap", values: ["off", "on"] };

export interface Reading {
  readonly wraps: boolean;
  readonly toggleWraps: () => void;
  readonly follows: boolean;
  readonly setFollows: (follows: boolean) => void;
}

/** Whether long lines wrap, and whether the log is followed to its end; with the keys for both. */
export function useReading(followsAtFirst: boolean, { hasKeys = true } = {}): Reading {
  const { t } = useTranslation("execution-live");
  const [wrap, setWrap] = useKept(WRAP);
  const [follows, setFollows] = useState(followsAtFirst);
  const toggleWraps = () => setWrap(wrap === "on" ? "off" : "on");
  useKey("f", t("keys.follow"), () => setFollows(!follows), { enabled: hasKeys });
  useKey("w", t("keys.wrap"), toggleWraps, { enabled: hasKeys });
  return { wraps: wrap === "on", toggleWraps, follows, setFollows };
}

export function ReadingButtons({ reading, grows }: { reading: Reading; grows: boolean }) {
  const { t } = useTranslation("execution-live");
  const { wraps, toggleWraps, follows, setFollows } = reading;
  return (
    <>
      <Button
        size="small"
        type={wraps ? "primary" : "default"}
        aria-pressed={wraps}
        aria-label={t("wrap")}
        title={t("wrap")}
        icon={<WrapText size={13} />}
        onClick={toggleWraps}
      />
      <Button
        size="small"
        type={follows && grows ? "primary" : "default"}
        aria-pressed={follows}
        aria-label={t(grows ? "follow" : "to_end")}
        title={t(grows ? "follow" : "to_end")}
        icon={<ArrowDownToLine size={13} />}
        onClick={() => setFollows(!follows)}
      >
        {grows ? t("follow") : null}
      </Button>
    </>
  );
}
