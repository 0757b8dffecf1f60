import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";

/** When what failed may be tried again: each thing with growing pauses of its own, so that none keeps another waiting. */
export interface Retries {
  /** False while its pause lasts. */
  isDue(key: string): boolean;
  /** Answers how often it has failed since it was done last. */
  failed(key: string): number;
  done(key: string): void;
  /** Forgets all others. */
  keepOnly(keys: readonly string[]): void;
  /** Milliseconds until the next of them is due, or this one is; undefined when nothing failed. */
  nextInMs(key?: string): number | undefined;
}

export function createRetries({ clock, random }: { clock: Clock; random: () => number }): Retries {
  const failing = new Map<string, { failures: number; untilMs: number }>();
  return {
    isDue: (key) => (failing.get(key)?.untilMs ?? Number.NEGATIVE_INFINITY) <= clock.monotonicMs(),
    failed(key) {
      const failures = (failing.get(key)?.failures ?? 0) + 1;
      const pauseMs = fullJitterMs({ failures, baseMs: 500, capMs: 60_000, random });
      failing.set(key, { failures, untilMs: clock.monotonicMs() + pauseMs });
      return failures;
    },
    done: (key) => void failing.delete(key),
    keepOnly(keys) {
      for (const key of failing.keys()) if (!keys.includes(key)) failing.delete(key);
    },
    nextInMs(key) {
      const one = key === undefined ? undefined : failing.get(key);
      const looked = key === undefined ? [...failing.values()] : one === undefined ? [] : [one];
      if (looked.length === 0) return undefined;
      return Math.max(0, Math.min(...looked.map(({ untilMs }) => untilMs)) - clock.monotonicMs());
    },
  };
}
