import { createHeap, isSooner } from "./heap.ts";

/** Numbers that look random and are the same for the same seed (mulberry32). */
export interface Chance {
  /** 0 ≤ x < 1 */
  next(): number;
  happens(probability: number): boolean;
  /** An integer, both ends included. */
  between(low: number, high: number): number;
  oneOf<T>(list: readonly T[]): T;
}

export function chanceOf(seed: number): Chance {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    happens: (probability) => probability > 0 && next() < probability,
    oneOf: <T>(list: readonly T[]) => list[between(0, list.length - 1)] as T,
  };
}

/** A clock that jumps from one thing to do to the next. */
export interface Scheduler {
  nowMs(): number;
  at(timeMs: number, act: () => void): void;
  in(delayMs: number, act: () => void): void;
  /** Until nothing is left, `isDone` says so, or the time is over. */
  run(untilMs: number, isDone: () => boolean): void;
}

export function createScheduler(startMs: number): Scheduler {
  const heap = createHeap(isSooner);
  let nowMs = startMs;
  let order = 0;
  const scheduler: Scheduler = {
    nowMs: () => nowMs,
    at(timeMs, act) {
      heap.push({ timeMs: Math.max(timeMs, nowMs), order: (order += 1), act });
    },
    in: (delayMs, act) => scheduler.at(nowMs + delayMs, act),
    run(untilMs, isDone) {
      while (!isDone()) {
        const entry = heap.pop();
        if (entry === undefined || entry.timeMs > untilMs) return;
        nowMs = entry.timeMs;
        entry.act();
      }
    },
  };
  return scheduler;
}

/** What a process yields is how long it waits, in milliseconds; at each of these moments it may be killed. */
export type Process = Generator<number, void, void>;

/** Runs a process. Killed, or failed, it is gone with all that it had in memory: `onGone` says what follows. */
export function spawn(
  scheduler: Scheduler,
  process: Process,
  options: { isKilled: () => boolean; onGone: (why: "ended" | "killed" | "failed", error?: unknown) => void },
): void {
  const step = () => {
    let wait: IteratorResult<number, void>;
    try {
      wait = process.next();
    } catch (error) {
      options.onGone("failed", error);
      return;
    }
    if (wait.done === true) options.onGone("ended");
    else {
      scheduler.in(wait.value, () => {
        if (options.isKilled()) options.onGone("killed");
        else step();
      });
    }
  };
  step();
}
