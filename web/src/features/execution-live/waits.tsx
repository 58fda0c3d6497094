import { useQuery } from "@tanstack/react-query";
import type { WholeExecutionBody } from "@/api/generated";
import { translated } from "@/lib/sentences";
import { decisions } from "./api";
import { useSeq } from "./use-seq";
import styles from "./whole.module.css";

const AGAIN = 3_000; // milliseconds: what it waits for changes without an event of this execution

interface WaitsProps {
  execution: WholeExecutionBody;
  step: string;
  /** What the step said of itself when it came to wait. */
  said: string;
}

/** Why a step has not begun, in a sentence, as it is now. */
export function Waits({ execution, step, said }: WaitsProps) {
  const { data } = useQuery({ ...decisions(execution.id, step, useSeq(execution)), refetchInterval: AGAIN });
  const now = data?.find((one) => one.kind === "now" && one.step === step)?.message || said;
  return now === "" ? null : <p className={styles.says}>{translated(now)}</p>;
}
