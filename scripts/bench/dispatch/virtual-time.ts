import type { Clock } from "@steward/node-client/clock";

/** A clock that jumps from one thing to do to the next. Code that awaits it runs as it would in real time. */
export interface VirtualTime extends Clock {
  at(timeMs: number, act: () => void): void;
  in(delayMs: number, act: () => void): void;
  /** Until `isDone`. Between two things to do everything that the first has set in motion comes to rest. */
  run(isDone: () => boolean): Promise<void>;
}

interface Entry {
  timeMs: number;
  order: number;
  act: () => void;
}

export function createVirtualTime(): VirtualTime {
  const heap: Entry[] = [];
  let nowMs = 0;
  let order = 0;

  const isBefore = (a: Entry, b: Entry) => a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.order < b.order);
  function push(entry: Entry): void {
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Entry;
      if (!isBefore(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }
  function pop(): Entry | undefined {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && isBefore(heap[down + 1] as Entry, heap[down] as Entry)) down += 1;
      if (!isBefore(heap[down] as Entry, last)) break;
      heap[at] = heap[down] as Entry;
      at = down;
    }
    heap[at] = last;
    return top;
  }

  const at = (timeMs: number, act: () => void) => {
    order += 1;
    push({ timeMs: Math.max(timeMs, nowMs), order, act });
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
        const next = pop();
        if (next === undefined) throw new Error("nothing is left to do, and it is not done");
        nowMs = next.timeMs;
        next.act();
        // Every promise that follows from it has been served when the next macrotask begins.
        await new Promise(setImmediate);
      }
    },
  };
}
