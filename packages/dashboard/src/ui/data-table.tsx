import type { LinkProps } from "@tanstack/react-router";
import { useNavigate } from "@tanstack/react-router";
import {
  columnSizingFeature,
  columnVisibilityFeature,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { type ReactNode, useCallback, useDeferredValue, useId, useMemo, useRef, useState } from "react";
import { TableBody } from "./data-table-body.tsx";
import { TableHead } from "./data-table-head.tsx";
import { gridColumns, usePrepared, useView, useWidth, useWidths } from "./data-table-state.ts";
import { TableTools } from "./data-table-tools.tsx";
import styles from "./data-table.module.css";
import { arranged, type Column, nextSort, type RowMemory, shownColumns, sortOf, type TableView } from "./table-rows.ts";

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
