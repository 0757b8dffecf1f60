import type { KeyboardEvent, PointerEvent, ReactNode } from "react";
import styles from "./data-table.module.css";
import type { Column } from "./table-rows.ts";

interface Head {
  // What a column shows of a row is no matter of its head.
  columns: readonly Pick<Column<never>, "id" | "header" | "align">[];
  sort: { id: string | undefined; descending: boolean };
  onSort: (id: string) => void;
  /** `undefined`: as wide as it was meant. */
  onWidth: (id: string, pixels: number | undefined) => void;
  selected: "all" | "some" | "none" | undefined;
  onSelectAll: (all: boolean) => void;
}

const leastPixels = 48;

/** The names of the columns: a press sorts, the edge draws them wider; with the keyboard Shift and the arrows do. */
export function TableHead({ columns, sort, onSort, onWidth, selected, onSelectAll }: Head): ReactNode {
  const draw = (event: PointerEvent<HTMLElement>, id: string) => {
    const handle = event.currentTarget;
    const cell = handle.parentElement;
    if (cell === null) return;
    event.preventDefault();
    const from = cell.getBoundingClientRect().width - event.clientX;
    handle.setPointerCapture(event.pointerId);
    const move = (now: globalThis.PointerEvent) => onWidth(id, Math.max(leastPixels, Math.round(from + now.clientX)));
    const end = () => {
      handle.removeEventListener("pointermove", move);
      handle.removeEventListener("pointerup", end);
      handle.removeEventListener("pointercancel", end);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("pointerup", end);
    handle.addEventListener("pointercancel", end);
  };
  const nudge = (event: KeyboardEvent<HTMLElement>, id: string) => {
    const step = event.key === "ArrowRight" ? 16 : event.key === "ArrowLeft" ? -16 : 0;
    const cell = event.currentTarget.parentElement;
    if (!event.shiftKey || step === 0 || cell === null) return;
    event.preventDefault();
    onWidth(id, Math.max(leastPixels, Math.round(cell.getBoundingClientRect().width) + step));
  };
  return (
    <div role="rowgroup" className={styles["head"]}>
      <div role="row" aria-rowindex={1} className={styles["headRow"]}>
        {selected === undefined ? null : (
          <div role="columnheader" className={styles["tick"]}>
            <label className={styles["tickArea"]}>
              <input
                type="checkbox"
                aria-label="Select all"
                checked={selected === "all"}
                ref={(box) => {
                  if (box !== null) box.indeterminate = selected === "some";
                }}
                onChange={(event) => onSelectAll(event.currentTarget.checked)}
              />
            </label>
          </div>
        )}
        {columns.map(({ id, header, align }, at) => (
          <div
            key={id}
            role="columnheader"
            aria-sort={sort.id !== id ? "none" : sort.descending ? "descending" : "ascending"}
            className={styles["headCell"]}
            data-first={at === 0 || undefined}
            data-align={align}
          >
            <button
              type="button"
              className={styles["sort"]}
              title={`Sort by ${header}. Shift and arrow keys: narrower, wider`}
              onClick={() => onSort(id)}
              onKeyDown={(event) => nudge(event, id)}
            >
              <span className={styles["headText"]}>{header}</span>
              <span aria-hidden="true" className={styles["arrow"]}>
                {sort.id !== id ? "" : sort.descending ? "↓" : "↑"}
              </span>
            </button>
            <span
              aria-hidden="true"
              className={styles["edge"]}
              onPointerDown={(event) => draw(event, id)}
              onDoubleClick={() => onWidth(id, undefined)}
            />
          </div>
        ))}
      </div>
    </div>
  );
}
