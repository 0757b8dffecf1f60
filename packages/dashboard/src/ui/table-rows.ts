import type { ReactNode } from "react";

/** A column of a table. What it shows and what it means are apart: `text` is searched, sorted and exported. */
export interface Column<Row> {
  id: string;
  /** Names the column, in the picker and in exports too. */
  header: string;
  cell: (row: Row) => ReactNode;
  text: (row: Row) => string | number;
  /** In pixels at the usual font size. Columns share what room is left in these proportions. */
  width?: number;
  align?: "start" | "end";
  /** Not shown where the table itself is narrower than this, in pixels, unless somebody asks for the column. */
  hideBelow?: number;
  /** Only there when somebody asks for it. */
  optional?: boolean;
}

/** What somebody has made of a table; all of it fits into an address. */
export interface TableView {
  /** What is searched for. */
  q?: string;
  /** The column that it is sorted by; `-name`: the other way round. */
  sort?: string;
  /** Columns that are shown or hidden against their own default: `owner,-seen`. */
  columns?: string;
}

interface Known {
  haystack: string;
  keys: Map<string, string | number>;
}

/** What is worked out about a row once, as long as the row lives. A row that came again from the API unchanged is the same. */
export type RowMemory<Row> = WeakMap<Row & object, Known>;

function knownOf<Row extends object>(row: Row, columns: readonly Column<Row>[], memory: RowMemory<Row>): Known {
  const had = memory.get(row);
  if (had !== undefined) return had;
  const known: Known = { haystack: columns.map(({ text }) => fold(String(text(row)))).join("\n"), keys: new Map() };
  memory.set(row, known);
  return known;
}

/** Works out what is searched from one row on, as long as there is time. Answers where it goes on. */
export function prepare<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { memory, from, hasTime }: { memory: RowMemory<Row>; from: number; hasTime: () => boolean },
): number {
  let at = from;
  for (; at < rows.length && (at % 20 !== 0 || at === from || hasTime()); at += 1) {
    const row = rows[at];
    if (row !== undefined) knownOf(row, columns, memory);
  }
  return at;
}

/** The rows that have each of the words, in the order that is asked for. Of equals, the one that came first stays first. */
export function arranged<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  view: Pick<TableView, "q" | "sort">,
  memory: RowMemory<Row>,
): readonly Row[] {
  const words = fold(view.q ?? "")
    .split(/\s+/)
    .filter((word) => word !== "");
  const found =
    words.length === 0
      ? rows
      : rows.filter((row) => {
          const { haystack } = knownOf(row, columns, memory);
          return words.every((word) => haystack.includes(word));
        });
  const { id, descending } = sortOf(view.sort);
  const column = columns.find((one) => one.id === id);
  if (column === undefined) return found;
  const keyed = found.map((row) => {
    const { keys } = knownOf(row, columns, memory);
    let key = keys.get(column.id);
    if (key === undefined) keys.set(column.id, (key = sortKey(column.text(row))));
    return { row, key };
  });
  const way = descending ? -1 : 1;
  return keyed.sort((a, b) => compare(a.key, b.key, way)).map(({ row }) => row);
}

export function sortOf(sort: string | undefined): { id: string | undefined; descending: boolean } {
  return sort?.startsWith("-") === true ? { id: sort.slice(1), descending: true } : { id: sort, descending: false };
}

/** First up, then down, then as it came. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  if (sort === id) return `-${id}`;
  return sort === `-${id}` ? undefined : id;
}

/** What has nothing to say comes last, whichever way round. */
function compare(a: string | number, b: string | number, way: 1 | -1): number {
  const emptyA = a === "" || Number.isNaN(a);
  const emptyB = b === "" || Number.isNaN(b);
  if (emptyA || emptyB) return Number(emptyA) - Number(emptyB);
  if (typeof a !== typeof b) return typeof a === "number" ? -way : way;
  return a === b ? 0 : a < b ? -way : way;
}

/** Small letters without their marks: whoever looks for `muller` finds `Müller`. */
function fold(text: string): string {
  // Most text is plain, and this runs for each cell of ten thousand rows.
  const small = text.toLowerCase();
  return /[^\u0000-\u007f]/.test(small) ? small.normalize("NFKD").replace(/\p{M}/gu, "") : small;
}

/** `worker-9` before `worker-10`: digits are padded. A collator does this too, ten times slower. */
function sortKey(text: string | number): string | number {
  return typeof text === "number" ? text : fold(text).replace(/\d{1,15}/g, (digits) => digits.padStart(16, "0"));
}

/** Which columns are shown: those that the person has asked for, and of the others those that there is room for. */
export function shownColumns<Row>(columns: readonly Column<Row>[], asked: string | undefined, width: number) {
  const wishes = new Map(
    (asked ?? "")
      .split(",")
      .filter((one) => one !== "")
      .map((one) => (one.startsWith("-") ? ([one.slice(1), false] as const) : ([one, true] as const))),
  );
  const shown = columns.filter(
    ({ id, hideBelow = 0, optional = false }) => wishes.get(id) ?? (!optional && width >= hideBelow),
  );
  // A table without a column has nothing to click at.
  return shown.length === 0 ? columns.slice(0, 1) : shown;
}

/** The wishes after one more: `show` against what is shown now. */
export function withWish(asked: string | undefined, id: string, show: boolean): string {
  const others = (asked ?? "").split(",").filter((one) => one !== "" && one !== id && one !== `-${id}`);
  return [...others, show ? id : `-${id}`].join(",");
}

/** What a page's address says about its table; anything else in it is not looked at. */
export function readTableView(search: Record<string, unknown>): TableView {
  const view: TableView = {};
  for (const key of ["q", "sort", "columns"] as const) {
    const value = search[key];
    if ((typeof value === "string" || typeof value === "number") && String(value) !== "") {
      view[key] = String(value).slice(0, 200);
    }
  }
  return view;
}
