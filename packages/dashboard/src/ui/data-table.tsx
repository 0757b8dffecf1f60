import type { LinkProps } from "@tanstack/react-router";
import { useNavigate } from "@tanstack/react-router";
import {
  columnSizingFeature,
  columnVisibilityFeature,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import {
  type ReactNode,
  useCallback,
  useDeferredValue,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { TableBody } from "./data-table-body.tsx";
import { TableHead } from "./data-table-head.tsx";
import { TableTools } from "./data-table-tools.tsx";
import styles from "./data-table.module.css";
import {
  arranged,
  type Column,
  nextSort,
  prepare,
  type RowMemory,
  shownColumns,
  sortOf,
  type TableView,
} from "./table-rows.ts";

export type { Column, TableView } from "./table-rows.ts";

/** Where a row leads. */
export type RowTarget = Pick<LinkProps, "to" | "params" | "search">;

export interface Selection {
  ids: ReadonlySet<string>;
  onChange: (ids: ReadonlySet<string>) => void;
}

export interface DataTableProps<Row extends object> {
  /** What the rows are, plural and in small letters: `appliances`. Names the table, what it remembers, and its exports. */
  name: string;
  /** Keep them the same from render to render (a constant, or `useMemo`): what is known of ten thousand rows hangs on it. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowId: (row: Row) => string;
  /** The first column becomes a link, and Enter or a click anywhere in the row follows it: its cells hold no links then. */
  rowTo?: (row: Row) => RowTarget;
  /** In place of `rowTo`: opens the row where it is. */
  onOpen?: (row: Row) => void;
  /** The row that is open, by its id. */
  open?: string;
  selection?: Selection;
  /** Filters and such, beside the search. */
  toolbar?: ReactNode;
  /** What stands here when there are no rows at all. */
  empty?: ReactNode;
  hasMore?: boolean;
  /** The next page; asked for when the end comes into sight. */
  onMore?: () => void;
  /** All pages. Offered where somebody sorts or exports what is only loaded in part. */
  onAll?: () => void;
  /** Where the address remembers search, sorting and columns; absent: the table does, until the tab is closed. */
  view?: TableView;
  onView?: (view: TableView) => void;
  /** `none`: rows and nothing else, for the small ones in a corner. */
  tools?: "all" | "none";
  /** How high it may grow, as CSS says it. */
  height?: string;
}

const features = tableFeatures({ columnSizingFeature, columnVisibilityFeature, rowSelectionFeature });
const nothing: ReadonlySet<string> = new Set();

/** What somebody has made of each table, until the tab is closed: who comes back finds it as it was left. */
const remembered = new Map<string, { view: TableView; widths: Record<string, number> }>();

/** Rows by the thousand: only those in sight are there. */
export function DataTable<Row extends object>(props: DataTableProps<Row>): ReactNode {
  const { name, columns, rows, rowId, rowTo, onOpen, selection, empty, tools = "all" } = props;
  const { hasMore = false } = props;
  const gridId = useId();
  const navigate = useNavigate();
  const [view, setView] = useView(props);
  const [widths, setWidths] = useWidths(name);
  const scroller = useRef<HTMLDivElement>(null);
  const width = useWidth(scroller);
  const [active, setActive] = useState(0);

  // oxlint-disable-next-line react-hooks/exhaustive-deps -- other columns say other things of the same row
  const memory = useMemo<RowMemory<Row>>(() => new WeakMap(), [columns]);
  usePrepared(rows, columns, memory);
  // Typing goes first: what is found may come a moment later.
  const q = useDeferredValue(view.q);
  const found = useMemo(
    () => arranged(rows, columns, { q, sort: view.sort } as TableView, memory),
    [rows, columns, q, view.sort, memory],
  );
  const shown = useMemo(() => shownColumns(columns, view.columns, width), [columns, view.columns, width]);
  const ids = selection?.ids ?? nothing;

  const table = useTable({
    features,
    data: found as Row[],
    columns: useMemo(
      () => columns.map(({ id, header, text }) => ({ id, header, accessorFn: text as (row: Row) => unknown })),
      [columns],
    ),
    getRowId: rowId,
    enableRowSelection: selection !== undefined,
    enableSubRowSelection: false,
    state: {
      columnSizing: widths,
      columnVisibility: useMemo(
        () => Object.fromEntries(columns.map((column) => [column.id, shown.includes(column)])),
        [columns, shown],
      ),
      rowSelection: useMemo(() => Object.fromEntries([...ids].map((id) => [id, true as const])), [ids]),
    },
    onColumnSizingChange: setWidths,
    onRowSelectionChange: (change) => {
      const before = Object.fromEntries([...ids].map((id) => [id, true as const]));
      const after = typeof change === "function" ? change(before) : change;
      selection?.onChange(new Set(Object.keys(after)));
    },
  });
  const tableRows = table.getRowModel().rows;

  const openRow = useCallback(
    (row: Row) => {
      if (rowTo === undefined) onOpen?.(row);
      else void navigate(rowTo(row) as Parameters<typeof navigate>[0]);
    },
    [rowTo, onOpen, navigate],
  );

  const total = rows.length;
  if (total === 0 && !hasMore && (view.q ?? "") === "" && empty !== undefined) {
    return (
      <div className={styles["table"]}>
        {props.toolbar === undefined ? null : <div className={styles["tools"]}>{props.toolbar}</div>}
        <div className={styles["empty"]}>{empty}</div>
      </div>
    );
  }
  const grid = gridColumns(shown, widths, selection !== undefined, width);
  return (
    <div className={styles["table"]}>
      {tools === "none" ? null : (
        <TableTools
          name={name}
          columns={columns}
          shown={shown}
          found={found}
          total={total}
          hasMore={hasMore}
          {...(props.onAll === undefined ? {} : { onAll: props.onAll })}
          view={view}
          onView={setView}
          toolbar={props.toolbar}
          isStale={q !== view.q}
        />
      )}
      <TableBody
        table={table}
        rows={tableRows}
        columns={shown}
        label={name}
        gridId={gridId}
        grid={grid}
        scroller={scroller}
        active={Math.min(active, Math.max(0, tableRows.length - 1))}
        onActive={setActive}
        onOpen={rowTo === undefined && onOpen === undefined ? undefined : openRow}
        rowTo={rowTo}
        selection={selection}
        openId={props.open}
        hasMore={hasMore}
        onMore={props.onMore}
        height={props.height}
        head={
          <TableHead
            columns={shown}
            sort={sortOf(view.sort)}
            onSort={(id) => setView({ ...view, sort: nextSort(view.sort, id) })}
            onWidth={(id, pixels) => {
              const { [id]: _gone, ...others } = widths;
              setWidths(pixels === undefined ? others : { ...widths, [id]: pixels });
            }}
            selected={
              selection === undefined
                ? undefined
                : tableRows.length > 0 && tableRows.every((row) => ids.has(row.id))
                  ? "all"
                  : tableRows.some((row) => ids.has(row.id))
                    ? "some"
                    : "none"
            }
            onSelectAll={(all) => table.toggleAllRowsSelected(all)}
          />
        }
        nothing={
          (view.q ?? "") === "" ? (
            "There is nothing here."
          ) : (
            <>
              Nothing fits “{view.q}”{hasMore ? " among what is loaded so far" : ""}.{" "}
              <button type="button" className={styles["textButton"]} onClick={() => setView({ ...view, q: undefined })}>
                Show all
              </button>
            </>
          )
        }
      />
    </div>
  );
}

/** The tracks of the grid: what somebody has drawn is fixed, the others share the room. */
function gridColumns<Row>(
  columns: readonly Column<Row>[],
  widths: Record<string, number>,
  selects: boolean,
  room: number,
) {
  const [first] = columns;
  // On a phone the first column stays in sight while the others move: it must leave them room.
  const least = (pixels: number, id: string) => `${(id === first?.id ? Math.min(pixels, room * 0.5) : pixels) / 16}rem`;
  const tracks = columns.map(({ id, width = 128 }) => {
    const drawn = widths[id];
    return drawn === undefined ? `minmax(${least(width, id)}, ${width}fr)` : `${drawn}px`;
  });
  const sum = columns.map(({ id, width = 128 }) => (widths[id] === undefined ? least(width, id) : `${widths[id]}px`));
  return {
    tracks: [...(selects ? ["2.5rem"] : []), ...tracks].join(" "),
    least: `calc(${[...(selects ? ["2.5rem"] : []), ...sum].join(" + ")})`,
  };
}

type View = { [Key in keyof TableView]?: TableView[Key] | undefined };

/** From the page's address where it keeps it, else from memory. */
function useView({ name, view, onView }: { name: string; view?: TableView; onView?: (view: TableView) => void }) {
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

function useWidths(name: string) {
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
function usePrepared<Row extends object>(
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
function useWidth(element: { current: HTMLElement | null }): number {
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
