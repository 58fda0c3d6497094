import { ArrowDownToLine, Download } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { StepExecutionBody } from "@/api/generated";
import { STEP_LOOK } from "@/lib/status";
import { useKey } from "@/lib/use-key";
import { Button } from "@/ui/button";
import { Failure, Skeleton } from "@/ui/states";
import { rawLog } from "./api";
import styles from "./log.module.css";
import { LogWindow } from "./log-window";
import type { Live } from "./model/live";
import { hashOf, rangeOf } from "./search";
import { useLog } from "./use-log";

interface LogPanelProps {
  live: Live | null;
  execution: number;
  step: StepExecutionBody;
  attempt: number;
  hash: string;
  pick: (line: string) => void;
}

const NONE: readonly never[] = [];

/** The log of one attempt, from its first line to the one that was printed last. */
export function LogPanel({ live, execution, step, attempt, hash, pick }: LogPanelProps) {
  const { t } = useTranslation("execution-live");
  const { book, version, loading, error, look } = useLog(live, execution, step.key, attempt);
  const marked = useMemo(() => rangeOf(hash), [hash]);
  const runs = !STEP_LOOK[step.status].final;
  const [follows, setFollows] = useState(marked === null);
  const tones = useMemo(() => new Map<number, "error" | "warning" | "notice">(), []);
  useKey("f", t("keys.follow"), () => setFollows(!follows));
  const mark = (number: number, more: boolean) => {
    setFollows(false);
    const from = more && marked !== null ? marked.first : number;
    pick(hashOf({ first: Math.min(from, number), last: Math.max(from, number) }));
  };
  if (error !== null) return <Failure what={t("log_failed")} error={error} />;
  if (loading) return <Skeleton rows={12} />;
  return (
    <div className={styles.panel}>
      <div className={styles.bar}>
        <span className="muted">{t("lines", { count: book.count })}</span>
        <span className={styles.space} />
        <Button
          size="small"
          type={follows ? "primary" : "default"}
          aria-pressed={follows}
          icon={<ArrowDownToLine size={13} />}
          onClick={() => setFollows(!follows)}
        >
          {t("follow")}
        </Button>
        <Button size="small" icon={<Download size={13} />} href={rawLog(execution, step.key, attempt)} download>
          {t("raw")}
        </Button>
      </div>
      <LogWindow
        book={book}
        version={version}
        folds={NONE}
        marked={marked}
        tones={tones}
        follows={follows}
        setFollows={setFollows}
        pick={mark}
        look={look}
        label={t("log_of", { step: step.name || step.key })}
        empty={runs ? t("log_not_yet") : t("log_empty")}
      />
    </div>
  );
}
