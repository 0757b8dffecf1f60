/**
 * Many calls one after the other instead of all at once: the API lets each person make ten a second, and fifty after a
 * pause. A page that looks at a hundred tenants must leave room for what its reader does meanwhile.
 */
export function createPace(options: {
  atOnce: number;
  gapMs: number;
  /** So many may start without a gap after a pause. */
  burst: number;
  nowMs?: () => number;
  later?: (run: () => void, ms: number) => void;
}): <T>(run: () => Promise<T>, order?: { signal?: AbortSignal; last?: boolean }) => Promise<T> {
  const {
    atOnce,
    gapMs,
    burst,
    nowMs = () => performance.now(),
    later = (run, ms) => void setTimeout(run, ms),
  } = options;
  const waiting: { start: () => void; signal: AbortSignal | undefined; last: boolean }[] = [];
  let running = 0;
  // When the burst is whole again: every start moves it by a gap.
  let paidUntil = 0;
  let timed = false;

  function next(): void {
    while (running < atOnce) {
      // Whoever has gone meanwhile costs nothing.
      while (waiting[0]?.signal?.aborted === true) waiting.shift()?.start();
      if (waiting.length === 0) return;
      const now = nowMs();
      const wait = Math.max(paidUntil, now) - now - (burst - 1) * gapMs;
      if (wait > 0) {
        if (timed) return;
        timed = true;
        later(() => {
          timed = false;
          next();
        }, wait);
        return;
      }
      paidUntil = Math.max(paidUntil, now) + gapMs;
      running += 1;
      waiting.shift()?.start();
    }
  }

  return async (run, { signal, last = false } = {}) => {
    await new Promise<void>((start) => {
      // What is not urgent waits until nothing is that is.
      const before = last ? -1 : waiting.findIndex((one) => one.last);
      waiting.splice(before < 0 ? waiting.length : before, 0, { start, signal, last });
      next();
    });
    if (signal?.aborted === true) throw signal.reason;
    try {
      return await run();
    } finally {
      running -= 1;
      next();
    }
  };
}
