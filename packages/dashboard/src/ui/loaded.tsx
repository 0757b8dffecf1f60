import { type ReactNode, useEffect, useState } from "react";
import { visible } from "../text.ts";
import { Icon } from "./icon.tsx";
import { Problem } from "./problem.tsx";
import styles from "./problem.module.css";

/** What `useApi` and `useApiPages` give. */
interface Asked<T> {
  data: T | undefined;
  error: Error | null;
  refetch: () => unknown;
}

export interface LoadedProps<T> {
  query: Asked<T>;
  children: (data: T) => ReactNode;
  /** Whether what was answered is nothing; then `emptyState` is shown. */
  empty?: (data: T) => boolean;
  emptyState?: ReactNode;
  /** How many lines there will be, so that nothing jumps when they come. */
  rows?: number;
}

/**
 * What was asked for, in each of its states: on its way (with a word when it takes long), refused, failed, old because it
 * fails now, nothing, there.
 */
export function Loaded<T>({ query, children, empty, emptyState, rows = 4 }: LoadedProps<T>) {
  const { data, error, refetch } = query;
  if (data === undefined) {
    if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />;
    return <Skeleton rows={rows} />;
  }
  return (
    <>
      {error !== null && (
        <p className={styles["stale"]} role="status">
          <Icon name="warn" /> Not live: this is what was known last. {visible(error.message)}
        </p>
      )}
      {emptyState !== undefined && empty?.(data) === true ? emptyState : children(data)}
    </>
  );
}

export function Skeleton({ rows = 4 }: { rows?: number }) {
  const slow = useLate(3_000);
  return (
    <div className={styles["bones"]} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={styles["bone"]} style={{ width: `${92 - ((index * 17) % 40)}%` }} />
      ))}
      {slow && <p className={styles["slow"]}>Steward is slow to answer. Still waiting…</p>}
    </div>
  );
}

function useLate(ms: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), ms);
    return () => clearTimeout(timer);
  }, [ms]);
  return late;
}
