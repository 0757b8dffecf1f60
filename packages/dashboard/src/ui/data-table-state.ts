import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { type Column, prepare, type RowMemory, type TableView } from "./table-rows.ts";

/** What somebody has made of each table, until the tab is closed: who comes back finds it as it was left. */
const remembered = new Map<string, { view: TableView; widths: Record<string, number> }>();

/** The tracks of the grid: what somebody has drawn is fixed, the others share the room. */
export function gridColumns<Row>(
  columns: readonly Column<Row>[],
  widths: Record<string, number>,
  selects: boolean,
  room: number,
) {
  const [first] = columns;
  const tick = 40;
  const sizes = columns.map(({ id, width = 128 }) => ({
    width,
    // On a phone the first column stays in sight while the others move: it must leave them room.
    meant: id === first?.id ? Math.min(width, room * 0.5) : width,
    drawn: widths[id],
  }));
  const tracks = sizes.map(({ width, meant, drawn }) =>
    drawn === undefined ? `minmax(${meant / 16}rem, ${width}fr)` : `${drawn}px`,
  );
  const least = sizes.map(({ meant, drawn }) => (drawn === undefined ? `${meant / 16}rem` : `${drawn}px`));
  const rem = rootFontSize() / 16;
  const pixels = sizes.reduce((all, { meant, drawn }) => all + (drawn ?? meant * rem), selects ? tick * rem : 0);
  const before = selects ? [`${tick / 16}rem`] : [];
  return {
    tracks: [...before, ...tracks].join(" "),
    least: `calc(${[...before, ...least].join(" + ")})`,
    /** Whether there is more than fits, so that it scrolls sideways. */
    isWide: pixels > room,
  };
}

/** In pixels: who has larger letters has higher and wider rows. */
export function rootFontSize(): number {
  const size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  return Number.isNaN(size) ? 15 : size;
}

type View = { [Key in keyof TableView]?: TableView[Key] | undefined };

/** From the page's address where it keeps it, else from memory. */
export function useView({
  name,
  view,
  onView,
}: {
  name: string;
  view?: TableView;
  onView?: (view: TableView) => void;
}) {
  const [own, setOwn] = useState<View>(() => remembered.get(name)?.view ?? {});
  const [typed, setTyped] = useState<string>();
  const late = useRef<ReturnType<typeof setTimeout>>(undefined);
  const set = useCallback(
    (next: View) => {
      const tidy: TableView = {};
      for (const key of ["q", "sort", "columns"] as const) {
        const value = next[key];
        if (value !== undefined && value !== "") tidy[key] = value;
      }
      remembered.set(name, { widths: remembered.get(name)?.widths ?? {}, view: tidy });
      if (onView === undefined) {
        setOwn(tidy);
        return;
      }
      // The address need not follow each letter; the table does.
      setTyped(next.q ?? "");
      clearTimeout(late.current);
      late.current = setTimeout(
        () => {
          onView(tidy);
          setTyped(undefined);
        },
        next.q === (view?.q ?? next.q) ? 0 : 250,
      );
    },
    [name, onView, view],
  );
  const current: View = onView === undefined ? own : { ...view, ...(typed === undefined ? {} : { q: typed }) };
  return [current, set] as const;
}

export function useWidths(name: string) {
  const [widths, setOwn] = useState<Record<string, number>>(() => remembered.get(name)?.widths ?? {});
  const set = useCallback(
    (change: Record<string, number> | ((before: Record<string, number>) => Record<string, number>)) =>
      setOwn((before) => {
        const after = typeof change === "function" ? change(before) : change;
        remembered.set(name, { view: remembered.get(name)?.view ?? {}, widths: after });
        return after;
      }),
    [name],
  );
  return [widths, set] as const;
}

/** Fewer are searched at once all the same. */
const manyRows = 1_000;

/** The first letter of a search finds what is searched ready: it is worked out while nothing else is to be done. */
export function usePrepared<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  memory: RowMemory<Row>,
) {
  useEffect(() => {
    // Not there in every browser; the first search then takes a moment longer.
    if (rows.length < manyRows || typeof requestIdleCallback === "undefined") return undefined;
    let from = 0;
    const go = (idle: IdleDeadline) => {
      from = prepare(rows, columns, { memory, from, hasTime: () => idle.timeRemaining() > 2 });
      if (from < rows.length) handle = requestIdleCallback(go);
    };
    let handle = requestIdleCallback(go);
    return () => cancelIdleCallback(handle);
  }, [rows, columns, memory]);
}

/** How wide the table is: what is hidden goes by its own room, not the window's. */
export function useWidth(element: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(() => (typeof window === "undefined" ? 1280 : window.innerWidth));
  useLayoutEffect(() => {
    const node = element.current;
    if (node === null) return;
    setWidth(node.clientWidth);
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
