import type { ReactNode } from "react";
import styles from "./facts.module.css";

/** Labels and what they stand for. An entry without a value is left out. */
export function Facts({
  items,
}: {
  items: readonly (readonly [label: string, value: ReactNode] | false | undefined)[];
}) {
  const shown = items.filter(
    (item) => item !== false && item !== undefined && item[1] !== undefined && item[1] !== null,
  );
  return (
    <dl className={styles["facts"]}>
      {(shown as [string, ReactNode][]).map(([label, value]) => (
        <div key={label} style={{ display: "contents" }}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
