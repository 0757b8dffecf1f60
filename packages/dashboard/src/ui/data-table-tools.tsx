import { Menu } from "@base-ui/react/menu";
import type { ReactNode } from "react";
import { downloadText, toCsv } from "./exports.ts";
import styles from "./data-table.module.css";
import { type Column, type TableView, withWish } from "./table-rows.ts";

type View = { [Key in keyof TableView]?: TableView[Key] | undefined };

interface Tools<Row> {
  name: string;
  columns: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  found: readonly Row[];
  total: number;
  hasMore: boolean;
  onAll?: () => void;
  view: View;
  onView: (view: View) => void;
  toolbar: ReactNode;
  /** What is shown still lags behind what is typed. */
  isStale: boolean;
}

/** Search, filters, how many there are, columns, exports. */
export function TableTools<Row extends object>(props: Tools<Row>): ReactNode {
  const { name, columns, shown, found, total, hasMore, onAll, view, onView, toolbar } = props;
  const number = (count: number) => count.toLocaleString("en");
  const of = `${number(total)}${hasMore ? "+" : ""}`;
  return (
    <div className={styles["tools"]}>
      <input
        type="search"
        className={styles["search"]}
        aria-label={`Search ${name}`}
        placeholder="Search"
        value={view.q ?? ""}
        onChange={(event) => onView({ ...view, q: event.currentTarget.value })}
      />
      {toolbar}
      <span className={styles["room"]} />
      <span role="status" className={styles["count"]}>
        {found.length === total ? of : `${number(found.length)} of ${of}`}
        <span className="heard"> {name}</span>
      </span>
      {hasMore && onAll !== undefined ? (
        <button type="button" className={styles["textButton"]} onClick={onAll}>
          Load all
        </button>
      ) : null}
      <Menu.Root>
        <Menu.Trigger className={styles["tool"]}>Columns</Menu.Trigger>
        <Popup>
          {columns.map((column) => {
            const isShown = shown.includes(column);
            return (
              <Menu.CheckboxItem
                key={column.id}
                className={styles["item"]}
                checked={isShown}
                disabled={isShown && shown.length === 1}
                closeOnClick={false}
                onCheckedChange={(show) => onView({ ...view, columns: withWish(view.columns, column.id, show) })}
              >
                <span aria-hidden="true" className={styles["check"]}>
                  {isShown ? "✓" : ""}
                </span>
                {column.header}
              </Menu.CheckboxItem>
            );
          })}
          {(view.columns ?? "") === "" ? null : (
            <Menu.Item className={styles["item"]} onClick={() => onView({ ...view, columns: undefined })}>
              <span aria-hidden="true" className={styles["check"]} />
              As usual
            </Menu.Item>
          )}
        </Popup>
      </Menu.Root>
      <Menu.Root>
        <Menu.Trigger className={styles["tool"]} disabled={found.length === 0}>
          Export
        </Menu.Trigger>
        <Popup>
          <Menu.Item className={styles["item"]} onClick={() => exportCsv(name, shown, found)}>
            CSV of {number(found.length)} {hasMore ? "loaded rows" : "rows"}
          </Menu.Item>
          <Menu.Item className={styles["item"]} onClick={() => exportJson(name, shown, found)}>
            JSON of {number(found.length)} {hasMore ? "loaded rows" : "rows"}
          </Menu.Item>
          {hasMore && onAll !== undefined ? (
            <Menu.Item className={styles["item"]} onClick={onAll}>
              Load all rows first
            </Menu.Item>
          ) : null}
        </Popup>
      </Menu.Root>
    </div>
  );
}

function Popup({ children }: { children: ReactNode }): ReactNode {
  return (
    <Menu.Portal>
      <Menu.Positioner className={styles["positioner"]} align="end" sideOffset={4}>
        <Menu.Popup className={styles["popup"]}>{children}</Menu.Popup>
      </Menu.Positioner>
    </Menu.Portal>
  );
}

function exportCsv<Row>(name: string, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const cells = rows.map((row) => columns.map(({ text }) => text(row)));
  const headers = columns.map(({ header }) => header);
  downloadText(name, "csv", toCsv(headers, cells));
}

function exportJson<Row>(name: string, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const things = rows.map((row) => Object.fromEntries(columns.map(({ id, text }) => [id, text(row)])));
  downloadText(name, "json", `${JSON.stringify(things, undefined, 2)}\n`);
}
