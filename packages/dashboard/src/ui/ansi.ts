import { visible } from "../text.ts";

/** A stretch of a line that looks the same throughout. */
export interface Stretch {
  text: string;
  /** One of the eight colours of a terminal, as a class of `output.module.css`. */
  colour?: (typeof colours)[number];
  bold?: boolean;
}

export const colours = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/**
 * The lines of what a machine printed. A carriage return of its own ends a line too: on a terminal it would write over what
 * stands there, and whoever reads would never see it.
 */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  // What ends with a line break has no empty line behind it.
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return lines;
}

/**
 * Escape sequences as ECMA-48 has them: CSI; the strings OSC, DCS, SOS, PM, APC with their end; and the short ones. A string
 * that does not end, or is too long to be a title or a link, is no sequence: it is shown, so that nothing hides in it.
 */
const escapes =
  /(?:\u001b\[|\u009b)([0-?]{0,64})([ -/]{0,8})([@-~])|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c]{0,500}(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]{0,8}[0-~]/g;

/** Control, bidi and invisible characters as escapes; a tab is a tab. */
function harmless(text: string): string {
  return text.split("\t").map(visible).join("\t");
}

/**
 * A line as it may be shown: of its escape sequences only colour and weight are kept, as a word from a fixed list. Nothing
 * moves a cursor, sets a title, makes a link or hides a text. A colour ends with its line.
 */
export function stretchesOf(line: string): Stretch[] {
  const stretches: Stretch[] = [];
  let look: Omit<Stretch, "text"> = {};
  let from = 0;
  const say = (until: number) => {
    if (until > from) stretches.push({ text: harmless(line.slice(from, until)), ...look });
  };
  for (const match of line.matchAll(escapes)) {
    say(match.index);
    from = match.index + match[0].length;
    const [, parameters = "", between = "", final = ""] = match;
    if (final === "m" && between === "") look = lookAfter(look, parameters);
  }
  say(line.length);
  return stretches;
}

/** The line without any of it: to copy, to search in, to keep. */
export function plainLine(line: string): string {
  return harmless(line.replace(escapes, ""));
}

function lookAfter(before: Omit<Stretch, "text">, parameters: string): Omit<Stretch, "text"> {
  let look = before;
  const codes = parameters.split(/[;:]/).map(Number);
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) look = {};
    else if (code === 1) look = { ...look, bold: true };
    else if (code === 22) look = without(look, "bold");
    else if (code === 39) look = without(look, "colour");
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      const colour = colours[code % 10];
      if (colour !== undefined) look = { ...look, colour };
    }
    // Colours by number or by red, green and blue: their parameters are no codes of their own. A theme has no such colours.
    else if (code === 38 || code === 48) at += codes[at + 1] === 5 ? 2 : 4;
  }
  return look;
}

function without(look: Omit<Stretch, "text">, key: "colour" | "bold"): Omit<Stretch, "text"> {
  const { [key]: _gone, ...rest } = look;
  return rest;
}

/** A line of a megabyte is no line: it is shown in pieces of this many characters. */
export const pieceLength = 2_000;

/** The pieces of a line; a pair of surrogates and an escape sequence stay whole. */
export function piecesOf(line: string): string[] {
  if (line.length <= pieceLength) return [line];
  const cuts = [0];
  const marks = [...line.matchAll(escapes)].map((match) => [match.index, match.index + match[0].length] as const);
  let mark = 0;
  while ((cuts.at(-1) ?? 0) + pieceLength < line.length) {
    let cut = (cuts.at(-1) ?? 0) + pieceLength;
    while ((marks[mark]?.[1] ?? Infinity) <= cut) mark += 1;
    const [start = Infinity, end = Infinity] = marks[mark] ?? [];
    if (start < cut) cut = end;
    else if (/[\ud800-\udbff]/.test(line[cut - 1] ?? "") && /[\udc00-\udfff]/.test(line[cut] ?? "")) cut += 1;
    cuts.push(cut);
  }
  return cuts.map((from, index) => line.slice(from, cuts[index + 1])).filter((piece) => piece !== "");
}
