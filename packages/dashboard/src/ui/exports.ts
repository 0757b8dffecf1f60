/** What a table hands out: text and numbers, nothing else. */
export type Cell = string | number | boolean | null | undefined;

/**
 * One cell of CSV. A spreadsheet takes text that starts like this for a formula, and runs it: what a machine or a stranger
 * said must stay text, so it gets an apostrophe. Numbers are ours, and may be negative.
 */
export function csvCell(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (typeof cell !== "string") return String(cell);
  const text = /^[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** RFC 4180: commas, CRLF, quotes doubled. The first row holds the headers. */
export function toCsv(headers: readonly string[], rows: Iterable<readonly Cell[]>): string {
  const lines = [headers.map(csvCell).join(",")];
  for (const row of rows) lines.push(row.map(csvCell).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

/** `appliances-2026-11-26-1405.csv` (UTC): says what it is and of when, and works as a file's name everywhere. */
export function fileName(name: string, ending: string, now: Date): string {
  const plain = name.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "") || "export";
  const [day = "", time = ""] = now.toISOString().split("T");
  return `${plain.slice(0, 80)}-${day}-${time.slice(0, 5).replace(":", "")}.${ending}`;
}

const types = {
  csv: "text/csv;charset=utf-8",
  json: "application/json;charset=utf-8",
  txt: "text/plain;charset=utf-8",
  yaml: "application/yaml;charset=utf-8",
  ndjson: "application/x-ndjson;charset=utf-8",
} as const;

/** Hands a text to the person as a file. CSV gets a byte order mark: without one Excel reads it as Latin-1. */
export function downloadText(name: string, ending: keyof typeof types, text: string): void {
  const content = ending === "csv" ? `\ufeff${text}` : text;
  downloadBlob(fileName(name, ending, new Date()), new Blob([content], { type: types[ending] }));
}

export function downloadBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then; revoking at once stops the download in Safari.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
