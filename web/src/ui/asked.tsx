import type { ReactNode } from "react";
import { Failure, Skeleton } from "./states";

interface AskedProps<Data> {
  asked: { data?: Data | undefined; error: Error | null; refetch: () => unknown };
  /** "The secrets could not be loaded." */
  failed: string;
  rows?: number;
  children: (data: Data) => ReactNode;
}

/** Something that the server is asked for: grey rows, then it, or why not. What came before stands below a later failure. */
export function Asked<Data>({ asked: { data, error, refetch }, failed, rows, children }: AskedProps<Data>) {
  return (
    <>
      {error !== null && <Failure what={failed} error={error} again={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton {...(rows === undefined ? {} : { rows })} />}
      {data === undefined ? null : children(data)}
    </>
  );
}
