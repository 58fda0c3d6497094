/** A piece of a line in one look. `classes` are those of ansi.css; `color` and `background` stand for true colours. */
export interface Piece {
  readonly text: string;
  readonly classes: string;
  readonly color?: string;
  readonly background?: string;
  readonly href?: string;
}

interface Pen {
  bold: boolean;
  faint: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  hidden: boolean;
  struck: boolean;
  fore: string; // "" · a number of the 256 · "#rrggbb"
  back: string;
}

const PLAIN: Pen = {
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false,
  hidden: false,
  struck: false,
  fore: "",
  back: "",
};

// ECMA-48: CSI … final · OSC … BEL or ST · DCS, SOS, PM, APC … ST · two-character escapes. What is cut off is dropped too.
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const SEQUENCE =
  /\x1b\[([0-?]*)[ -/]*([@-~]?)|\x1b\](\d*);?([^\x07\x1b]*)(?:\x07|\x1b\\|$)|\x1b[PX^_][^\x1b]*(?:\x1b\\|$)|\x1b[ -/]*[0-~]?|\x9b[0-?]*[ -/]*[@-~]?/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** What a terminal would show of a line: a progress bar that was drawn over and over is shown as it was last. */
export function collapsed(line: string): string {
  const shown = line.endsWith("\r") ? line.slice(0, -1) : line;
  return shown.slice(shown.lastIndexOf("\r") + 1);
}

/**
 * A line as pieces of plain text: colours and OSC 8 links to http(s) are kept, every other sequence is dropped, control
 * characters vanish, and characters that turn the direction of writing are shown as a mark. Nothing of it is markup.
 */
export function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = [];
  const pen: Pen = { ...PLAIN };
  let href: string | undefined;
  let at = 0;
  const shown = collapsed(line);
  const add = (text: string) => {
    const clean = text.replace(CONTROL, "").replace(BIDI, "\u25ca");
    if (clean !== "") pieces.push(drawn(clean, pen, href));
  };
  for (const found of shown.matchAll(SEQUENCE)) {
    add(shown.slice(at, found.index));
    at = found.index + found[0].length;
    if (found[2] === "m") write(pen, found[1] ?? "");
    else if (found[3] === "8") href = linkOf(found[4] ?? "");
  }
  add(shown.slice(at));
  return pieces;
}

/** Only what people read. */
export function textOf(line: string): string {
  return piecesOf(line)
    .map(({ text }) => text)
    .join("");
}

function linkOf(said: string): string | undefined {
  const url = said.slice(said.indexOf(";") + 1);
  return /^https?:\/\/[^\s]+$/i.test(url) ? url : undefined;
}

const SWITCH: Readonly<Record<number, Partial<Pen>>> = {
  0: PLAIN,
  1: { bold: true },
  2: { faint: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  8: { hidden: true },
  9: { struck: true },
  22: { bold: false, faint: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  28: { hidden: false },
  29: { struck: false },
  39: { fore: "" },
  49: { back: "" },
};

function write(pen: Pen, said: string): void {
  const codes = said.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(at + 1));
      if (color !== undefined) pen[code === 38 ? "fore" : "back"] = color;
      at += used;
      continue;
    }
    Object.assign(pen, SWITCH[code] ?? basic(code));
  }
}

function basic(code: number): Partial<Pen> {
  if (code >= 30 && code <= 37) return { fore: String(code - 30) };
  if (code >= 90 && code <= 97) return { fore: String(code - 82) };
  if (code >= 40 && code <= 47) return { back: String(code - 40) };
  if (code >= 100 && code <= 107) return { back: String(code - 92) };
  return {};
}

/** `5;n` or `2;r;g;b` behind 38 or 48: the colour, and how many codes it took. */
function extended([kind, ...rest]: number[]): [string | undefined, number] {
  const isByte = (value: number | undefined): value is number =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255;
  if (kind === 5) return [isByte(rest[0]) ? color256(rest[0]) : undefined, 2];
  if (kind !== 2) return [undefined, 1];
  const rgb = rest.slice(0, 3);
  return [rgb.length === 3 && rgb.every(isByte) ? hex(rgb) : undefined, 4];
}

const STEPS = [0, 95, 135, 175, 215, 255];

/** The first 16 follow the theme; the others are what they are. */
function color256(number: number): string {
  if (number < 16) return String(number);
  if (number >= 232) return hex([0, 0, 0].map(() => 8 + 10 * (number - 232)));
  const cube = number - 16;
  return hex([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => STEPS[step] ?? 0));
}

function hex(rgb: readonly number[]): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

function drawn(text: string, pen: Pen, href: string | undefined): Piece {
  const fore = pen.inverse ? pen.back || "page" : pen.fore;
  const back = pen.inverse ? pen.fore || "text" : pen.back;
  const names = [
    ...(["bold", "faint", "italic", "underline", "hidden", "struck"] as const).filter((name) => pen[name]),
    fore === "" || fore.startsWith("#") ? "" : `fore-${fore}`,
    back === "" || back.startsWith("#") ? "" : `back-${back}`,
  ];
  return {
    text,
    classes: names.filter((name) => name !== "").join(" "),
    ...(fore.startsWith("#") && { color: fore }),
    ...(back.startsWith("#") && { background: back }),
    ...(href !== undefined && { href }),
  };
}
