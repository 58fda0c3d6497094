import { useTranslated } from "@/lib/sentences";
import styles from "./execution-says.module.css";

/** What an execution is for, in the words of whoever or whatever began it, and how it stands. */
export function ExecutionSays({ of }: { of: { trigger_message: string; message: string } }) {
  const stands = useTranslated()(of.message);
  if (of.trigger_message === "") return <span title={stands}>{stands}</span>;
  return (
    <span className={styles.says} title={`${of.trigger_message}\n${stands}`}>
      <span>{of.trigger_message}</span>
      <span className="muted">{stands}</span>
    </span>
  );
}
