import { ChevronDown, ChevronRight } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { AnnotationBody, LogGroupBody } from "@/api/generated";
import { piecesOf } from "@/lib/ansi";
import { absolute, clock } from "@/lib/time";
import type { Moment } from "../model/line-times";
import { LONGEST } from "../model/log-book";
import { type Marked, withFound } from "../model/matches";
import type { Origin } from "../model/origin";
import type { Tone } from "../model/outline";
import { placeOf } from "../model/report";
import styles from "./log.module.css";

const MOST_PIECES = 400; // a line with more colours than that is not meant to be read

interface LogLineProps {
  number: number;
  row: number;
  top: number;
  /** undefined: it has not been fetched yet. */
  text: string | undefined;
  /** When it arrived, where that is shown. */
  moment?: Moment | undefined;
  /** Of which step it is, where lines of several stand together. */
  origin?: Origin;
  marked: boolean;
  tone?: Tone | undefined;
  /** What a search has found in it. */
  found?: readonly string[] | undefined;
  note?: AnnotationBody | undefined;
  group?: LogGroupBody | undefined;
  closed: boolean;
  /** Lines that it hides while it is closed. */
  hides: number;
  pick: (number: number, more: boolean, origin?: Origin) => void;
  toggle: (group: number, open: boolean) => void;
}

/** One line: its number, which is a link to it, and its text. Nothing of the text is markup. */
export const LogLine = memo(function LogLine(props: LogLineProps) {
  const { number, row, top, text, marked, tone, pick, origin, moment } = props;
  return (
    <div
      className={styles.line}
      data-row={row}
      data-line={number}
      data-marked={marked}
      data-tone={tone}
      style={{ transform: `translateY(${top}px)` }}
    >
      <a
        href={`#L${number}`}
        className={styles.number}
        tabIndex={-1}
        onClick={(event) => {
          event.preventDefault();
          pick(number, event.shiftKey, origin);
        }}
      >
        {number}
      </a>
      {moment === undefined ? null : <Arrived moment={moment} />}
      {origin === undefined ? null : (
        <span className={styles.origin} data-hue={origin.hue} title={origin.name}>
          {origin.name}
        </span>
      )}
      <Said {...props} text={text} />
    </div>
  );
});

function Said({ number, text, group, note, closed, hides, found, toggle }: LogLineProps) {
  if (text === undefined) return <code className={styles.text} />;
  if (group !== undefined && hides > 0)
    return <Title number={number} group={group} closed={closed} hides={hides} found={found} toggle={toggle} />;
  if (note !== undefined) return <Note note={note} found={found} />;
  const isMark = /^(?:::endgroup::|section_end:\d)/.test(text);
  return (
    <code className={isMark ? `${styles.text} ${styles.mark}` : styles.text}>
      {drawn(withFound(few(piecesOf(text)), found ?? NONE))}
      {text.length >= LONGEST ? <GoesOn /> : null}
    </code>
  );
}

const NONE: readonly string[] = [];

function Arrived({ moment }: { moment: Moment }) {
  const { t, i18n } = useTranslation("execution-live");
  if (typeof moment !== "number")
    return (
      <span className={styles.time} title={moment === "yet" ? undefined : t("time_unknown")}>
        {moment === "yet" ? "" : "–"}
      </span>
    );
  const at = new Date(moment).toISOString();
  return (
    <time className={styles.time} dateTime={at} title={absolute(at, i18n.language)}>
      {clock(moment)}
    </time>
  );
}

type TitleProps = Pick<LogLineProps, "number" | "closed" | "hides" | "found" | "toggle"> & { group: LogGroupBody };

function Title({ number, group, closed, hides, found, toggle }: TitleProps) {
  const { t } = useTranslation("execution-live");
  return (
    <button
      type="button"
      className={styles.group}
      style={{ paddingInlineStart: 12 * group.level }}
      aria-expanded={!closed}
      onClick={() => toggle(number, closed)}
    >
      {closed ? <ChevronRight size={14} aria-hidden /> : <ChevronDown size={14} aria-hidden />}
      <span>{drawn(withFound([{ text: group.title, classes: "" }], found ?? NONE))}</span>
      {closed ? <span className={styles.hidden}>{t("lines", { count: hides })}</span> : null}
    </button>
  );
}

function Note({ note, found }: { note: AnnotationBody; found: readonly string[] | undefined }) {
  const { t } = useTranslation("execution-live");
  return (
    <code className={styles.text}>
      <span className={styles.level}>{t(`level.${note.level}`)}</span>
      {note.title === "" ? null : <strong>{note.title}: </strong>}
      {drawn(withFound([{ text: note.message.replaceAll("\n", " ⏎ "), classes: "" }], found ?? NONE))}
      {note.file === "" ? null : (
        <span className={styles.place}>{placeOf({ file: note.file, line: note.file_line })}</span>
      )}
    </code>
  );
}

function GoesOn() {
  const { t } = useTranslation("execution-live");
  return <span className={styles.hidden}>… {t("line_goes_on")}</span>;
}

function few(pieces: ReturnType<typeof piecesOf>) {
  if (pieces.length <= MOST_PIECES) return pieces;
  const rest = pieces.slice(MOST_PIECES).map(({ text }) => text);
  return [...pieces.slice(0, MOST_PIECES), { text: rest.join(""), classes: "" }];
}

function drawn(pieces: readonly Marked[]): ReactNode[] {
  return pieces.map(({ text, classes, color, background, href, found }, at) => {
    const look = { className: classes, style: { color, background } };
    const inside = found === true ? <mark className={styles.found}>{text}</mark> : text;
    if (href !== undefined)
      return (
        // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never change their order
        <a key={at} {...look} href={href} target="_blank" rel="noopener noreferrer" tabIndex={-1}>
          {inside}
        </a>
      );
    if (classes === "" && color === undefined && background === undefined && found !== true) return text;
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <span key={at} {...look}>
        {inside}
      </span>
    );
  });
}
