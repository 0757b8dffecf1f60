import type { Clock } from "@steward/node-client/clock";
import { createHeap, isSooner } from "../../../packages/core/test/simulation/heap.ts";

/** A clock that jumps from one thing to do to the next. Code that awaits it runs as it would in real time. */
export interface VirtualTime extends Clock {
  at(timeMs: number, act: () => void): void;
  in(delayMs: number, act: () => void): void;
  /** Until `isDone`. Between two things to do everything that the first has set in motion comes to rest. */
  run(isDone: () => boolean): Promise<void>;
}

export function createVirtualTime(): VirtualTime {
  const heap = createHeap(isSooner);
  let nowMs = 0;
  let order = 0;

  const at = (timeMs: number, act: () => void) => {
    order += 1;
    heap.push({ timeMs: Math.max(timeMs, nowMs), order, act });
  };
  return {
    monotonicMs: () => nowMs,
    at,
    in: (delayMs, act) => at(nowMs + delayMs, act),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        signal?.addEventListener("abort", () => resolve(), { once: true });
        at(nowMs + ms, resolve);
      }),
    async run(isDone) {
      while (!isDone()) {
        const next = heap.pop();
        if (next === undefined) throw new Error("nothing is left to do, and it is not done");
        nowMs = next.timeMs;
        next.act();
        // Every promise that follows from it has been served when the next macrotask begins.
        await new Promise(setImmediate);
      }
    },
  };
}
