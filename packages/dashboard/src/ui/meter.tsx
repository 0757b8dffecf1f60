import type { Tone } from "../text.ts";
import { classes } from "./classes.ts";
import styles from "./meter.module.css";

export interface MeterProps {
  label: string;
  value: number;
  max: number;
  /** `3 of 8`; absent: just that. */
  text?: string;
  tone?: Tone;
}

/** How much of something is used. */
export function Meter({ label, value, max, text = `${value} of ${max}`, tone }: MeterProps) {
  const share = max <= 0 ? 0 : Math.min(1, value / max);
  return (
    <div className={styles["meter"]}>
      <div className={styles["words"]}>
        <span>{label}</span>
        <span>{text}</span>
      </div>
      <div
        className={styles["track"]}
        role="meter"
        aria-label={label}
        aria-valuenow={value}
        aria-valuemin={0}
        aria-valuemax={max}
        aria-valuetext={text}
      >
        <div
          className={classes(styles["fill"], tone !== undefined && styles[tone])}
          style={{ width: `${share * 100}%` }}
        />
      </div>
    </div>
  );
}

/** How far something is; without a value: that it goes on. */
export function Progress({ label, value, max = 1 }: { label: string; value?: number; max?: number }) {
  const share = value === undefined ? undefined : Math.min(1, value / Math.max(max, Number.MIN_VALUE));
  return (
    <div
      className={styles["track"]}
      role="progressbar"
      aria-label={label}
      aria-valuenow={value}
      aria-valuemin={0}
      aria-valuemax={max}
    >
      <div
        className={classes(styles["fill"], share === undefined && styles["endless"])}
        style={share === undefined ? {} : { width: `${share * 100}%` }}
      />
    </div>
  );
}
