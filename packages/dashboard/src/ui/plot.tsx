import { lazy, type ReactNode, Suspense, useId, useMemo, useRef, useState } from "react";
import type { Tone } from "../text.ts";
import { IconButton } from "./button.tsx";
import { downloadBlob, downloadText, fileName, toCsv } from "./exports.ts";
import type { Drawing } from "./plot-canvas.tsx";
import { short, summary, thinned, type Values } from "./plot-data.ts";
import styles from "./plot.module.css";

export interface PlotSeries {
  label: string;
  tone: Tone;
  values: Values;
}

export interface PlotProps {
  title: string;
  /** Behind each value: `%`, `jobs`. */
  unit: string;
  atMs: readonly number[];
  series: readonly PlotSeries[];
  height?: number;
  kind?: "line" | "area" | "stack";
  /** The top of the scale, where it is known: 100 for percent. */
  max?: number;
  /** Plots of one name show the same moment under the pointer. */
  group?: string;
  /** What is said where nothing has been measured yet. */
  nothing?: ReactNode;
}

const canvas = () => import("./plot-canvas.tsx");
const Canvas = lazy(canvas);
const mostRows = 60;

/** A time series: drawn, in words for whoever cannot see it, as a table, as a picture and as CSV to take along. */
export function Plot(props: PlotProps): ReactNode {
  const { title, unit, atMs, series, height = 160, kind = "line", max, group, nothing } = props;
  const titleId = useId();
  const [asTable, setAsTable] = useState(false);
  const [at, setAt] = useState<number>();
  const drawing = useRef<Drawing>(null);
  const say = (value: number | null | undefined) =>
    value === null || value === undefined
      ? "–"
      : `${short(value)}${unit === "" ? "" : unit === "%" ? " %" : ` ${unit}`}`;
  const words = useMemo(
    () => series.map(({ label, values }) => summary(label, values, (value) => `${short(value)} ${unit}`)).join(". "),
    [series, unit],
  );
  const isEmpty = !series.some(({ values }) => values.some((value) => value !== null));
  // One moment is no line: its values are beside the labels.
  const isPoint = !isEmpty && atMs.length < 2;
  // What the pointer is at, else the latest that is known.
  const place = at ?? atMs.length - 1;

  return (
    <figure className={styles["plot"]} aria-labelledby={titleId}>
      <figcaption className={styles["head"]}>
        <span id={titleId} className={styles["title"]}>
          {title}
        </span>
        <span className={styles["when"]}>{at === undefined ? "" : timeText(atMs[at])}</span>
        <span className={styles["tools"]}>
          <IconButton
            label={`${title}: ${asTable ? "as a plot" : "as a table"}`}
            icon={asTable ? "eye" : "columns"}
            disabled={isEmpty || isPoint}
            onClick={() => setAsTable(!asTable)}
          />
          <IconButton
            label={`${title}: ${asTable ? "CSV" : "picture"}`}
            icon="download"
            disabled={isEmpty || isPoint}
            onClick={() => {
              if (asTable) downloadText(title, "csv", csvOf(props));
              else
                drawing.current?.picture(
                  title,
                  series.map(({ label, tone }) => ({ label, tone })),
                  (blob) => downloadBlob(fileName(title, "png", new Date()), blob),
                );
            }}
          />
        </span>
      </figcaption>
      <ul className={styles["legend"]}>
        {series.map(({ label, tone, values }) => (
          <li key={label} className={styles["entry"]}>
            <span aria-hidden="true" className={styles["swatch"]} data-tone={tone} />
            {label}{" "}
            <strong>{say(at === undefined ? values.findLast((value) => value !== null) : values[place])}</strong>
          </li>
        ))}
      </ul>
      {isEmpty ? (
        <div className={styles["nothing"]} style={{ height }}>
          {nothing ?? "Nothing has been measured yet."}
        </div>
      ) : isPoint ? (
        <div className={styles["nothing"]} style={{ height }}>
          A line begins with the second measurement.
        </div>
      ) : asTable ? (
        <TableOf {...props} say={say} height={height} />
      ) : (
        <div role="img" aria-label={`${title}. ${words}`} style={{ height }} className={styles["drawing"]}>
          <Suspense fallback={null}>
            <Canvas
              ref={drawing}
              atMs={atMs}
              series={series}
              height={height}
              kind={kind}
              onPlace={setAt}
              {...(max === undefined ? {} : { max })}
              {...(group === undefined ? {} : { group })}
            />
          </Suspense>
        </div>
      )}
    </figure>
  );
}

function TableOf({
  title,
  atMs,
  series,
  say,
  height,
}: PlotProps & { say: (value: number | null | undefined) => string }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached with the keyboard
    <div className={styles["tableArea"]} style={{ height }} tabIndex={0} role="region" aria-label={title}>
      <table className={styles["table"]}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {thinned(atMs.length, mostRows)
            .reverse()
            .map((place) => (
              <tr key={place}>
                <th scope="row">{timeText(atMs[place])}</th>
                {series.map(({ label, values }) => (
                  <td key={label}>{say(values[place])}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}

function csvOf({ atMs, series, unit }: PlotProps): string {
  const headers = ["time", ...series.map(({ label }) => (unit === "" ? label : `${label} (${unit})`))];
  return toCsv(
    headers,
    atMs.map((ms, place) => [new Date(ms).toISOString(), ...series.map(({ values }) => values[place])]),
  );
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
function timeText(ms: number | undefined): string {
  if (ms === undefined) return "";
  return Date.now() - ms < 12 * 3_600_000 ? clock.format(ms) : dayAndClock.format(ms);
}
