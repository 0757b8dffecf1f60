import { valueText } from "../../plan/plan-text.ts";
import { visible } from "../../text.ts";
import { Facts } from "../../ui/facts.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";

const shownRows = 40;

/** What a reading step found: objects by name, lists of objects as a table, all else as it stands. */
export function Found({ result }: { result: unknown }) {
  if (result === undefined || result === null) return null;
  if (isRows(result)) return <Rows rows={result} />;
  if (typeof result === "object" && !Array.isArray(result)) {
    const entries = Object.entries(result);
    if (entries.length === 0) return null;
    return (
      <div className={styles["found"]}>
        <Facts
          items={entries.map(
            ([name, value]) =>
              [
                visible(name),
                isRows(value) ? <Rows key={name} rows={value} /> : <Said key={name}>{valueText(value)}</Said>,
              ] as const,
          )}
        />
      </div>
    );
  }
  return (
    <p className={styles["found"]}>
      <Said>{valueText(result)}</Said>
    </p>
  );
}

type Row = Record<string, unknown>;
function isRows(value: unknown): value is Row[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === "object" && one !== null && !Array.isArray(one))
  );
}

function Rows({ rows }: { rows: readonly Row[] }) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 12);
  return (
    <div className={styles["foundTable"]}>
      <table>
        <thead>
          <tr>
            {names.map((name) => (
              <th key={name} scope="col">
                {visible(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shownRows).map((row, index) => (
            <tr key={index}>
              {names.map((name) => (
                <td key={name}>
                  <Said>{valueText(row[name])}</Said>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shownRows && <p className={styles["soft"]}>And {rows.length - shownRows} more.</p>}
    </div>
  );
}
