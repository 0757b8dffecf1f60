import type { WindowView } from "@steward/contracts/window";
import { classes } from "../../ui/classes.ts";
import { useNow } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import type { Freeze } from "../../windows/in-force.ts";
import { daysFrom, shareOf, type Span, spansBetween } from "../../windows/week.ts";
import styles from "./freezes.module.css";

interface Row {
  id: string;
  name: string;
  what: string;
  look: "maintenance" | "blackout" | "freeze";
  spans: Span[];
}

const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const shortFormat = new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" });

/** A week as a picture: a line for each window and freeze. Whoever hears it gets the same as times. */
export function WeekStrip({
  windows,
  freezes,
  week,
}: {
  windows: readonly WindowView[];
  freezes: readonly Freeze[];
  week: number;
}) {
  const nowMs = useNow();
  const days = daysFrom(nowMs, week);
  const [fromMs = 0] = days;
  const untilMs = days.at(-1) ?? fromMs;
  const rows: Row[] = [
    ...freezes.map(
      (freeze): Row => ({
        id: freeze.id,
        name: freeze.reason,
        what: "Freeze",
        look: "freeze",
        // It holds from now on; when it began is over.
        spans: spansOf(nowMs, Date.parse(freeze.until), fromMs, untilMs),
      }),
    ),
    ...windows.map(
      (window): Row => ({
        id: window.id,
        name: window.name,
        what: window.kind === "blackout" ? "Blackout" : "Maintenance",
        look: window.kind,
        spans: spansBetween(window.when, fromMs, untilMs),
      }),
    ),
  ];
  if (rows.length === 0) return <p className={styles["soft"]}>Nothing is planned: changes may start at any time.</p>;
  const at = (ms: number) => `${shareOf(ms, fromMs, untilMs)}%`;
  return (
    <div className={styles["strip"]}>
      <div className={styles["dayNames"]} aria-hidden="true">
        {days.slice(0, 7).map((day) => (
          <span key={day}>{dayFormat.format(day)}</span>
        ))}
      </div>
      <ul className={styles["rows"]}>
        {rows.map((row) => (
          <li key={row.id} className={styles["row"]}>
            <span className={styles["rowName"]}>
              <Said>{row.name}</Said> <span className={styles["soft"]}>{row.what}</span>
            </span>
            <div className={styles["track"]} aria-hidden="true">
              {days.slice(1, 7).map((day) => (
                <span key={day} className={styles["midnight"]} style={{ insetInlineStart: at(day) }} />
              ))}
              {row.spans.map((span) => (
                <span
                  key={span.fromMs}
                  className={classes(styles["span"], styles[row.look])}
                  style={{ insetInlineStart: at(span.fromMs), insetInlineEnd: `calc(100% - ${at(span.untilMs)})` }}
                  title={spanText(span)}
                />
              ))}
              {nowMs >= fromMs && nowMs < untilMs && (
                <span className={styles["needle"]} style={{ insetInlineStart: at(nowMs) }} />
              )}
            </div>
            <span className="heard">
              {row.spans.length === 0 ? "not in these days" : row.spans.slice(0, 14).map(spanText).join("; ")}
            </span>
          </li>
        ))}
      </ul>
      <ul className={styles["legend"]} aria-hidden="true">
        <li>
          <span className={classes(styles["sample"], styles["maintenance"])} /> changes go within it
        </li>
        <li>
          <span className={classes(styles["sample"], styles["blackout"])} /> no changes within it
        </li>
        <li>
          <span className={classes(styles["sample"], styles["freeze"])} /> nothing new starts
        </li>
      </ul>
    </div>
  );
}

function spansOf(startMs: number, endMs: number, fromMs: number, untilMs: number): Span[] {
  const span = { fromMs: Math.max(startMs, fromMs), untilMs: Math.min(endMs, untilMs) };
  return span.fromMs < span.untilMs ? [span] : [];
}

function spanText({ fromMs, untilMs }: Span): string {
  return `${shortFormat.format(fromMs)} to ${shortFormat.format(untilMs)}`;
}
