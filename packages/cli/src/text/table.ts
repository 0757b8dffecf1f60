import Table from "cli-table3";
import type { Paint } from "./paint.ts";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => string;
  /** Columns that give way when the terminal is narrow. Others (ids, states) are shown whole as long as possible. */
  flexible?: boolean;
}

const gap = 2;
const narrowest = 6;
const colours = /\u001b\[[0-9;]*m/g;

/**
 * A table without lines. `width` is the terminal's; undefined (a pipe, a file) cuts nothing. A table that does not
 * fit has its flexible columns shortened, the widest first, then the others. `below`: lines of their own under each row,
 * for what is too long for a column; they are never cut.
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number | undefined,
  paint: Paint,
  below: (row: Row) => readonly string[] = () => [],
): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const natural = columns.map((column, index) =>
    Math.max(column.head.length, ...cells.map((line) => (line[index] ?? "").replace(colours, "").length)),
  );
  const widths = fit(
    natural,
    columns.map((column) => column.flexible === true),
    width,
  );
  const none = "";
  const drawn = new Table({
    head: columns.map((column) => paint.dim(column.head)),
    colWidths: widths.map((size) => size + gap),
    style: { head: [], border: [], "padding-left": 0, "padding-right": gap, compact: true },
    chars: {
      top: none,
      "top-mid": none,
      "top-left": none,
      "top-right": none,
      bottom: none,
      "bottom-mid": none,
      "bottom-left": none,
      "bottom-right": none,
      left: none,
      "left-mid": none,
      mid: none,
      "mid-mid": none,
      right: none,
      "right-mid": none,
      middle: none,
    },
  });
  for (const line of cells) drawn.push(line);
  const [head = "", ...drawnRows] = drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  // A row is one line each: cells are cut, not wrapped.
  const lines = drawnRows.flatMap((line, index) => {
    const row = rows[index];
    return [line, ...(row === undefined ? [] : below(row)).map((text) => `  ${text}`)];
  });
  return [head, ...lines].join("\n");
}

/** Column widths that fit into `width` with gaps between them. */
export function fit(natural: readonly number[], flexible: readonly boolean[], width: number | undefined): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, size) => sum + size, 0) + gap * (widths.length - 1) - width;
  for (const mayGive of [(index: number) => flexible[index] === true, () => true]) {
    while (excess > 0) {
      let widest = -1;
      for (const [index, size] of widths.entries()) {
        if (mayGive(index) && size > narrowest && size > (widths[widest] ?? 0)) widest = index;
      }
      if (widest < 0) break;
      widths[widest] = (widths[widest] ?? 0) - 1;
      excess -= 1;
    }
  }
  return widths;
}

/** Those that say something. */
export function filled(lines: readonly string[]): string[] {
  return lines.filter((line) => line !== "");
}
