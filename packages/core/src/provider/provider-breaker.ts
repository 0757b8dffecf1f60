import { CircuitState, circuitBreaker, ConsecutiveBreaker, handleWhenResult, type IBackoff } from "cockatiel";

/*
 * Whether a provider of models (Anthropic, an Ollama) is asked at all. Its state is of one process: each finds out for
 * itself that a provider is down, at the cost of a few questions, and none has to believe another's word.
 */

const firstPauseMs = 15_000;
const longestPauseMs = 120_000;
/** How soon to ask again while somebody else's question tries whether the provider is back. */
const probePatienceMs = 5_000;

export interface ProviderBreaker<T> {
  /** Nothing is known against the provider. */
  isUp(): boolean;
  /** How long the provider is not to be asked; 0: it may be asked now. */
  closedForMs(): number;
  /**
   * Asks, unless the provider is known to be down. After each pause one question goes through; its answer decides whether
   * the others follow or wait twice as long.
   */
  ask(question: () => Promise<T>): Promise<{ kind: "asked"; answer: T } | { kind: "down"; forMs: number }>;
}

export interface ProviderBreakerOptions<T> {
  /** It is the provider that failed, not this question. */
  isOutage: (answer: T) => boolean;
  /** So many in a row, and it is down. */
  outages: number;
  nowMs: () => number;
  /** Once when it is given up, and once when it answers again. */
  onChange?: (state: "down" | "up") => void;
}

export function createProviderBreaker<T>(options: ProviderBreakerOptions<T>): ProviderBreaker<T> {
  const { isOutage, outages, nowMs, onChange } = options;
  let asksAgainAtMs = 0;
  let told: "up" | "down" = "up";
  // The library compares the system's time with a pause's length, each time anew: with this length our own clock decides.
  const pause = (lengthMs: number): IBackoff<unknown> => {
    const endsAtMs = nowMs() + lengthMs;
    asksAgainAtMs = endsAtMs;
    return {
      get duration() {
        return nowMs() >= endsAtMs ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      },
      next: () => pause(Math.min(longestPauseMs, lengthMs * 2)),
    };
  };
  const policy = circuitBreaker(
    handleWhenResult((answer) => isOutage(answer as T)),
    { breaker: new ConsecutiveBreaker(outages), halfOpenAfter: { next: () => pause(firstPauseMs) } },
  );
  policy.onStateChange((state) => {
    if (state === CircuitState.HalfOpen) return;
    const now = state === CircuitState.Closed ? "up" : "down";
    // A try that failed is no news.
    if (now !== told) onChange?.(now);
    told = now;
  });
  const closedForMs = () => {
    if (policy.state === CircuitState.Open) return Math.max(0, asksAgainAtMs - nowMs());
    return policy.state === CircuitState.HalfOpen ? probePatienceMs : 0;
  };
  return {
    isUp: () => policy.state === CircuitState.Closed,
    closedForMs,
    async ask(question) {
      // Asked here and not left to the library: it would let the others wait for the one that tries.
      const forMs = closedForMs();
      if (forMs > 0) return { kind: "down", forMs };
      return { kind: "asked", answer: await policy.execute(question) };
    },
  };
}
