import { useRouter } from "@tanstack/react-router";
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useRef,
  useState,
} from "react";
import { rootFontSize } from "./data-table-state.ts";
import type { RowTarget, Selection } from "./data-table.tsx";
import styles from "./data-table.module.css";
import type { Column } from "./table-rows.ts";

/** Of a row of TanStack Table what is used here. */
interface TableRow<Row> {
  id: string;
  original: Row;
  toggleSelected: (value?: boolean) => void;
  getToggleSelectedHandler: () => (event: unknown) => void;
}

interface Body<Row> {
  table: { toggleAllRowsSelected: (value?: boolean) => void };
  rows: readonly TableRow<Row>[];
  columns: readonly Column<Row>[];
  label: string;
  gridId: string;
  grid: { tracks: string; least: string; isWide: boolean };
  scroller: RefObject<HTMLDivElement | null>;
  active: number;
  onActive: (index: number) => void;
  onOpen: ((row: Row) => void) | undefined;
  rowTo: ((row: Row) => RowTarget) | undefined;
  selection: Selection | undefined;
  openId: string | undefined;
  hasMore: boolean;
  onMore: (() => void) | undefined;
  height: string | undefined;
  head: ReactNode;
  nothing: ReactNode;
}

/** Near enough to the end to ask for more. */
const nearEnd = 30;

/**
 * The part that scrolls. It is one stop of the Tab key: arrows move through the rows, Enter opens, Space selects, and a row
 * that is out of sight, and so not there, loses no focus.
 */
export function TableBody<Row extends object>(props: Body<Row>): ReactNode {
  const { rows, columns, scroller, active, onActive, onOpen, selection, hasMore, onMore, gridId } = props;
  const rowHeight = useRowHeight();
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 8,
    rangeExtractor: useRange(),
    // The head stands in the way of the first row.
    scrollPaddingStart: rowHeight,
    paddingStart: 0,
  });
  const items = virtualizer.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;

  const asked = useRef(-1);
  useEffect(() => {
    if (!hasMore || onMore === undefined || last < rows.length - nearEnd || asked.current === rows.length) return;
    asked.current = rows.length;
    onMore();
  }, [hasMore, onMore, last, rows.length]);

  const anchor = useRef<number | undefined>(undefined);
  const move = (to: number, extends_: boolean) => {
    const next = Math.min(rows.length - 1, Math.max(0, to));
    virtualizer.scrollToIndex(next);
    onActive(next);
    if (!extends_ || selection === undefined) {
      anchor.current = undefined;
      return;
    }
    anchor.current ??= active;
    const [low, high] = anchor.current < next ? [anchor.current, next] : [next, anchor.current];
    selection.onChange(new Set([...selection.ids, ...rows.slice(low, high + 1).map(({ id }) => id)]));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    // What has the focus within a row answers for itself.
    if (event.target !== event.currentTarget || event.altKey || rows.length === 0) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
    const row = rows[active];
    const command = event.ctrlKey || event.metaKey;
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page };
    const step = steps[event.key];
    if (step !== undefined && !command) move(active + step, event.shiftKey);
    else if (event.key === "Home") move(0, event.shiftKey);
    else if (event.key === "End") move(rows.length - 1, event.shiftKey);
    else if (event.key === "Enter" && onOpen !== undefined && row !== undefined) onOpen(row.original);
    else if (event.key === " " && selection !== undefined && row !== undefined) row.toggleSelected();
    else if (event.key === "a" && command && selection !== undefined) props.table.toggleAllRowsSelected(true);
    else if (event.key === "Escape" && selection !== undefined && selection.ids.size > 0) selection.onChange(new Set());
    else return;
    event.preventDefault();
  };

  const latest = useRef({ rows, onOpen, onActive });
  latest.current = { rows, onOpen, onActive };
  const onPress = useCallback((event: MouseEvent<HTMLElement>, index: number) => {
    const { rows: now, onOpen: open, onActive: activate } = latest.current;
    const row = now[index];
    if (row === undefined) return;
    activate(index);
    const target = event.target as HTMLElement;
    if (open === undefined) return;
    const held = event.ctrlKey || event.metaKey || event.shiftKey;
    if (target.closest("a[data-row-link]") !== null) {
      // With a key held it is the browser's: another tab, another window.
      if (held) return;
      event.preventDefault();
    } else {
      if (target.closest("a, button, input, label, select, summary, [role=menuitem]") !== null) return;
      // Whoever marks text to copy it wants to stay.
      if (window.getSelection()?.isCollapsed === false) return;
      const link = event.currentTarget.querySelector<HTMLAnchorElement>("a[data-row-link]");
      if (held && link !== null) {
        const { ctrlKey, metaKey, shiftKey } = event;
        link.dispatchEvent(new window.MouseEvent("click", { ctrlKey, metaKey, shiftKey, cancelable: true }));
        return;
      }
    }
    open(row.original);
  }, []);

  const look = { "--tracks": props.grid.tracks, "--least": props.grid.least, maxHeight: props.height } as CSSProperties;
  return (
    <div
      ref={scroller}
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-multiselectable={selection === undefined ? undefined : true}
      aria-activedescendant={
        items.some(({ index }) => index === active) && rows.length > 0 ? `${gridId}-${active}` : undefined
      }
      className={styles["scroller"]}
      style={look}
      data-wide={props.grid.isWide || undefined}
      onKeyDown={onKeyDown}
    >
      {props.head}
      {rows.length === 0 ? (
        <div role="rowgroup">
          <div role="row">
            <div role="gridcell" className={styles["nothing"]}>
              {props.nothing}
            </div>
          </div>
        </div>
      ) : (
        <div role="rowgroup" className={styles["body"]} style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, start, key }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <OneRow
                key={key}
                id={`${gridId}-${index}`}
                index={index}
                start={start}
                row={row as TableRow<object>}
                data={row.original}
                columns={columns as readonly Column<object>[]}
                isActive={index === active}
                isOpen={props.openId !== undefined && row.id === props.openId}
                isSelected={selection?.ids.has(row.id)}
                opens={onOpen !== undefined}
                rowTo={props.rowTo as ((row: object) => RowTarget) | undefined}
                onPress={onPress}
              />
            );
          })}
        </div>
      )}
    </div>
  );
}

interface OneRowProps {
  id: string;
  index: number;
  start: number;
  row: TableRow<object>;
  /** What it shows: a row of the same data is not drawn anew. */
  data: object;
  columns: readonly Column<object>[];
  isActive: boolean;
  isOpen: boolean;
  /** Undefined: rows cannot be selected. */
  isSelected: boolean | undefined;
  opens: boolean;
  rowTo: ((row: object) => RowTarget) | undefined;
  onPress: (event: MouseEvent<HTMLElement>, index: number) => void;
}

const OneRow = memo(
  function OneRow({
    id,
    index,
    start,
    row,
    data,
    columns,
    isActive,
    isOpen,
    isSelected,
    opens,
    rowTo,
    onPress,
  }: OneRowProps) {
    // `Link` listens to the router's every move; of those there would be hundreds, and scrolling makes more of them.
    const router = useRouter();
    const to = rowTo?.(data);
    const href =
      to === undefined ? undefined : router.buildLocation(to as Parameters<typeof router.buildLocation>[0]).href;
    return (
      // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the grid takes the keys for its rows
      <div
        id={id}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isSelected ?? (isOpen || undefined)}
        className={styles["row"]}
        style={{ top: start }}
        data-active={isActive || undefined}
        data-open={isOpen || undefined}
        data-opens={opens || undefined}
        data-odd={index % 2 === 1 || undefined}
        onClick={(event) => onPress(event, index)}
      >
        {isSelected === undefined ? null : (
          <div role="gridcell" className={styles["tick"]}>
            <label className={styles["tickArea"]}>
              <input
                type="checkbox"
                tabIndex={-1}
                aria-label="Select"
                checked={isSelected}
                // The press, and not the change, knows whether Shift is held: then all rows between are meant.
                onClick={row.getToggleSelectedHandler()}
                onChange={() => undefined}
              />
            </label>
          </div>
        )}
        {columns.map((column, at) => (
          <div
            key={column.id}
            role="gridcell"
            className={styles["cell"]}
            data-first={at === 0 || undefined}
            data-align={column.align}
          >
            {at === 0 && href !== undefined ? (
              <a href={router.history.createHref(href)} tabIndex={-1} data-row-link className={styles["rowLink"]}>
                {column.cell(data)}
              </a>
            ) : (
              column.cell(data)
            )}
          </div>
        ))}
      </div>
    );
  },
  // `row` is made anew with each answer of the API; what is in it counts. Its handlers go by its id and find their way.
  (before, after) =>
    before.data === after.data &&
    before.start === after.start &&
    before.index === after.index &&
    before.columns === after.columns &&
    before.isActive === after.isActive &&
    before.isOpen === after.isOpen &&
    before.isSelected === after.isSelected &&
    before.row === after.row &&
    before.rowTo === after.rowTo &&
    before.onPress === after.onPress,
);

/**
 * The rows in sight and some around them; after a jump, where none of those that were there is still in sight, those in
 * sight alone: to draw all of them anew is the longest that a frame has to do, and the others come with the next move.
 */
function useRange(): (range: Range) => number[] {
  const before = useRef({ startIndex: 0, endIndex: 0 });
  return useCallback((range: Range) => {
    const { startIndex, endIndex } = before.current;
    before.current = range;
    const hasJumped = range.startIndex > endIndex || range.endIndex < startIndex;
    return defaultRangeExtractor(hasJumped ? { ...range, overscan: 0 } : range);
  }, []);
}

function useRowHeight(): number {
  const [height] = useState(() => Math.round(rootFontSize() * 2.4));
  return height;
}
