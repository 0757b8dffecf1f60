import type { Clock } from "@steward/node-client/clock";
import { createHeap, isSooner } from "../../packages/core/test/simulation/heap.ts";

/** All that happens within one such step happens at its end, at one time, beside each other. */
const stepMs = 100;

/**
 * A clock that jumps from one thing to do to the next, and waits there for whatever has gone out of this process (the
 * table's engine is one of its own). The handlers read it through `Date.now`, which is this clock's while it is installed:
 * they run as they are deployed, and none can keep another time.
 */
export interface VirtualClock extends Clock {
  nowMs(): number;
  at(timeMs: number, act: () => void): void;
  /** Time stands still until it has settled. */
  hold<T>(work: Promise<T>): Promise<T>;
  /** Up to this time. `tell` hears of every minute. */
  runUntil(untilMs: number, tell?: (minute: number) => void): Promise<void>;
  /** Gives `Date.now` back. */
  uninstall(): void;
}

export function installVirtualClock(startMs: number): VirtualClock {
  const heap = createHeap(isSooner);
  const realNow = Date.now;
  let nowMs = startMs;
  let order = 0;
  let held = 0;
  let released: (() => void) | undefined;
  Date.now = () => nowMs;

  const at = (timeMs: number, act: () => void) => {
    order += 1;
    heap.push({ timeMs: Math.max(nowMs, Math.ceil(timeMs / stepMs) * stepMs), order, act });
  };
  /** Until nothing that was set in motion is under way any more. */
  const rest = async () => {
    do {
      if (held > 0) await new Promise<void>((resolve) => (released = resolve));
      // Every promise that follows has been served when the next macrotask begins.
      await new Promise(setImmediate);
    } while (held > 0);
  };
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    at,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          // A listener that stays would keep every signal of every sleep.
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        signal?.addEventListener("abort", wake, { once: true });
        at(nowMs + ms, wake);
      }),
    async hold(work) {
      held += 1;
      try {
        return await work;
      } finally {
        held -= 1;
        if (held === 0) released?.();
      }
    },
    async runUntil(untilMs, tell) {
      let toldMinute = Math.floor((nowMs - startMs) / 60_000);
      await rest();
      for (let next = heap.peek(); next !== undefined && next.timeMs <= untilMs; next = heap.peek()) {
        nowMs = next.timeMs;
        const minute = Math.floor((nowMs - startMs) / 60_000);
        if (minute > toldMinute) tell?.((toldMinute = minute));
        while (heap.peek()?.timeMs === nowMs) heap.pop()?.act();
        await rest();
      }
      nowMs = untilMs;
    },
    uninstall: () => {
      Date.now = realNow;
    },
  };
}
