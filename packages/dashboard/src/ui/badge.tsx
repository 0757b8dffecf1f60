import type { ReactNode } from "react";
import type { Term, Tone } from "../text.ts";
import styles from "./badge.module.css";
import { classes } from "./classes.ts";

export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes(styles["badge"], styles[tone])}>
      <span className={styles["dot"]} aria-hidden="true" />
      {children}
    </span>
  );
}

/** A status by its term: `<Status of={termOf(taskTerms, task.status)} />`. */
export function Status({ of }: { of: Term }) {
  return <Badge tone={of.tone}>{of.text}</Badge>;
}
