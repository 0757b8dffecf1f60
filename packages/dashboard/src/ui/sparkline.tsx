import type { ReactNode } from "react";
import type { Tone } from "../text.ts";
import { short, summary, type Values } from "./plot-data.ts";

export interface SparklineProps {
  /** What it is of, for whoever does not see it. */
  label: string;
  values: Values;
  tone?: Tone;
  /** The top of the scale; absent: the highest value. */
  max?: number;
  width?: number;
  height?: number;
}

/** A line as small as a word: how something went, beside what it is now. */
export function Sparkline({ label, values, tone = "busy", max, width = 72, height = 20 }: SparklineProps): ReactNode {
  const top = Math.max(max ?? 0, ...(max === undefined ? values.map((value) => value ?? 0) : []), Number.MIN_VALUE);
  const step = values.length < 2 ? 0 : (width - 2) / (values.length - 1);
  let path = "";
  let isGap = true;
  values.forEach((value, at) => {
    if (value === null) {
      isGap = true;
      return;
    }
    const x = (1 + at * step).toFixed(1);
    const y = (height - 1.5 - (Math.min(value, top) / top) * (height - 3)).toFixed(1);
    path += `${isGap ? "M" : "L"}${x} ${y}`;
    isGap = false;
  });
  return (
    <svg
      role="img"
      aria-label={summary(label, values, short)}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      style={{ flex: "none", color: `var(--${tone})` }}
    >
      {path === "" ? null : (
        /* A single point is a line of no length: the round end shows it. */
        <path
          d={/L/.test(path) ? path : `${path}h.01`}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.5"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      )}
    </svg>
  );
}
