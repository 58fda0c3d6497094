import { memo } from "react";
import { type Piece, piecesOf } from "@/lib/ansi";
import styles from "./log.module.css";

interface LogLineProps {
  number: number;
  /** undefined: it has not been fetched yet. */
  text: string | undefined;
  marked: boolean;
  tone?: "error" | "warning" | "notice" | undefined;
  top: number;
  pick: (number: number, more: boolean) => void;
}

/** One line: its number, which is a link to it, and its text. Nothing of the text is markup. */
export const LogLine = memo(function LogLine({ number, text, marked, tone, top, pick }: LogLineProps) {
  return (
    <div className={styles.line} data-marked={marked} data-tone={tone} style={{ transform: `translateY(${top}px)` }}>
      <a
        href={`#L${number}`}
        className={styles.number}
        onClick={(event) => {
          event.preventDefault();
          pick(number, event.shiftKey);
        }}
      >
        {number}
      </a>
      <code className={styles.text}>{text === undefined ? "" : piecesOf(text).map(drawn)}</code>
    </div>
  );
});

function drawn({ text, classes, color, background, href }: Piece, at: number) {
  const look = { className: classes, style: { color, background } };
  if (href !== undefined)
    return (
      <a key={at} {...look} href={href} target="_blank" rel="noopener noreferrer">
        {text}
      </a>
    );
  return classes === "" && color === undefined && background === undefined ? (
    text
  ) : (
    <span key={at} {...look}>
      {text}
    </span>
  );
}
