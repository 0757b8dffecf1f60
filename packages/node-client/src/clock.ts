import { setTimeout as delay } from "node:timers/promises";

/** Time as a node may use it: durations only. A node's wall clock decides nothing. */
export interface Clock {
  /** Milliseconds that only grow; their zero means nothing. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when the signal is aborted: the caller looks at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    if (signal?.aborted) return;
    const wait = Math.min(Math.max(ms, 0), longestTimerMs);
    try {
      await delay(wait, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};

/** The server's time as far as this node was told. */
export interface ServerClock {
  /** Epoch milliseconds on the server's clock; undefined before the first answer. */
  nowMs(): number | undefined;
  /** What the server said, and when (monotonic) the request that it answers was sent. */
  observe(serverTimeMs: number, requestSentAtMs: number): void;
}

/**
 * Counted from the moment the request was *sent*: the result is ahead of the true server time by the request's way at
 * most, never behind. A clock that lags would refuse an envelope that was signed a moment ago as not yet valid.
 */
export function createServerClock(clock: Clock): ServerClock {
  let last: { serverTimeMs: number; atMs: number } | undefined;
  return {
    nowMs: () => (last === undefined ? undefined : last.serverTimeMs + (clock.monotonicMs() - last.atMs)),
    observe: (serverTimeMs, requestSentAtMs) => {
      last = { serverTimeMs, atMs: requestSentAtMs };
    },
  };
}
