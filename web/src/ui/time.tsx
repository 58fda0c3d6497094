import { useTranslation } from "react-i18next";
import { absolute, clock, duration, relative, taken } from "@/lib/time";
import { useNow } from "@/lib/use-now";

/** `3 min. ago`, with the whole moment in the tooltip. */
export function Ago({ at }: { at: string | null }) {
  const { i18n } = useTranslation();
  const now = useNow(15_000);
  if (at === null) return <span className="muted">–</span>;
  return (
    <time dateTime={at} title={absolute(at, i18n.language)}>
      {relative(at, now, i18n.language)}
    </time>
  );
}

/** `08:11:17.120 +4.2s`: when something was, and how long after the first of its kind, for columns. */
export function Moment({ at, since }: { at: string; since: string }) {
  const { i18n } = useTranslation();
  const moment = Date.parse(at);
  return (
    <time dateTime={at} title={absolute(at, i18n.language)}>
      {clock(moment)} +{duration((moment - Date.parse(since)) / 1000)}
    </time>
  );
}

/** How long it took, or has been taking: it counts while it runs. */
export function Taken({ of }: { of: { started_at: string | null; ended_at: string | null } }) {
  const runs = of.started_at !== null && of.ended_at === null;
  const seconds = taken(of, useNow(runs ? 1_000 : 0));
  return seconds === null ? <span className="muted">–</span> : <span>{duration(seconds)}</span>;
}
