import type { Clock } from "../../src/clock.ts";

/** Time that passes only when somebody sleeps; sleepers wake in order. `slept` remembers how long each wanted to. */
export function createVirtualClock() {
  let now = 0;
  const slept: number[] = [];
  const clock: Clock = {
    monotonicMs: () => now,
    async sleep(ms, signal) {
      if (signal?.aborted) return;
      slept.push(ms);
      now += Math.max(0, ms);
      // Lets everything that is ready run before time goes on.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return { clock, slept, advance: (ms: number) => (now += ms) };
}
