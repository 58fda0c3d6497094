import { ArrowDownToLine, Clock, WrapText } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Kept, useKept } from "@/lib/kept";
import { useKey } from "@/lib/use-key";
import { Toggle } from "@/ui/toggle";

const WRAP: Kept<"off" | "on"> = { key: "ansflow.log.wrap", values: ["off", "on"] };
const TIMES: Kept<"off" | "on"> = { key: "ansflow.log.times", values: ["off", "on"] };

export interface Reading {
  readonly wraps: boolean;
  readonly toggleWraps: () => void;
  /** Whether each line says when it arrived. */
  readonly hasTimes: boolean;
  readonly toggleTimes: () => void;
  readonly follows: boolean;
  readonly setFollows: (follows: boolean) => void;
}

/** Whether long lines wrap, lines have their times, and the log is followed to its end; with the keys for it. */
export function useReading(followsAtFirst: boolean, { hasKeys = true } = {}): Reading {
  const { t } = useTranslation("execution-live");
  const [wrap, setWrap] = useKept(WRAP);
  const [times, setTimes] = useKept(TIMES);
  const [follows, setFollows] = useState(followsAtFirst);
  const toggleWraps = () => setWrap(wrap === "on" ? "off" : "on");
  const toggleTimes = () => setTimes(times === "on" ? "off" : "on");
  useKey("f", t("keys.follow"), () => setFollows(!follows), { enabled: hasKeys });
  useKey("w", t("keys.wrap"), toggleWraps, { enabled: hasKeys });
  useKey("t", t("keys.times"), toggleTimes, { enabled: hasKeys });
  return { wraps: wrap === "on", toggleWraps, hasTimes: times === "on", toggleTimes, follows, setFollows };
}

export function ReadingButtons({ reading, grows }: { reading: Reading; grows: boolean }) {
  const { t } = useTranslation("execution-live");
  const { wraps, toggleWraps, hasTimes, toggleTimes, follows, setFollows } = reading;
  return (
    <>
      <Toggle icon={Clock} says={t("times")} on={hasTimes} act={toggleTimes} />
      <Toggle icon={WrapText} says={t("wrap")} on={wraps} act={toggleWraps} />
      <Toggle
        icon={ArrowDownToLine}
        says={t(grows ? "follow" : "to_end")}
        on={follows}
        shines={follows && grows}
        act={() => setFollows(!follows)}
      >
        {grows ? t("follow") : null}
      </Toggle>
    </>
  );
}
