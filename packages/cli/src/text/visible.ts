/**
 * What machines and strangers say is data. On a terminal, control characters move the cursor, repaint lines and set
 * titles, and bidi characters show text in another order than it has: both can make a report say what nobody said.
 */
const hidden =
  // C0, DEL, C1; soft hyphen; bidi marks, embeddings, overrides and isolates; invisible and line-separating
  // characters; interlinear annotations; tags; lone surrogates.
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** One line: every hidden character as an escape (`\x1b`, `\u202e`), line breaks and tabs too. */
export function visible(text: string): string {
  return text.replace(hidden, escaped);
}

/** Many lines: line feeds stay, tabs become spaces, a carriage return before a line feed goes; all else as `visible`. */
export function visibleLines(text: string): string {
  return text.replace(/\r\n/g, "\n").replace(/\t/g, "    ").split("\n").map(visible).join("\n");
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}
