const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

const relatives = ofLanguage((language) => new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }));
const absolutes = ofLanguage(
  (language) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "long" }),
);

/** Made once for each language: a browser takes as long for one as for a thousand moments that it formats. */
function ofLanguage<Format>(make: (language: string) => Format): (language: string) => Format {
  const made = new Map<string, Format>();
  return (language) => {
    const format = made.get(language) ?? make(language);
    made.set(language, format);
    return format;
  };
}

/** `1m 12s`, `2h 05m`, `0.8s`: two units at most, the same in every language. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const [minutes, hours] = [Math.floor(whole / 60), Math.floor(whole / 3_600)];
  if (hours === 0) return `${minutes}m ${two(whole % 60)}s`;
  if (hours < 24) return `${hours}h ${two(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/** `3 min. ago`. What lies less than a second away is now: the clocks of two machines differ. */
export function relative(at: string, now: number, language: string): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return relatives(language).format(Math.trunc(seconds / size), unit);
}

/** With date, seconds and zone, for tooltips. */
export function absolute(at: string, language: string): string {
  return absolutes(language).format(new Date(at));
}

/** `08:11:17.120`, of here: the same width and the same in every language, for columns. */
export function clock(moment: number): string {
  const at = new Date(moment);
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two);
  return `${parts.join(":")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** `2026-11-30T08:11`, of here, as a field for days and times has it; "" for what is no moment. */
export function toLocal(moment: string): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `2026-11-30T08:11Z` for a day and a time of here; "" for what is none. */
export function fromLocal(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? "" : `${at.toISOString().slice(0, 16)}Z`;
}

/** Seconds that something has taken: to its end, or up to `now` while it runs. null: it has not begun. */
export function taken(it: { started_at: string | null; ended_at: string | null }, now: number): number | null {
  if (it.started_at === null) return null;
  const end = it.ended_at === null ? now : Date.parse(it.ended_at);
  return Math.max(0, (end - Date.parse(it.started_at)) / 1000);
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
