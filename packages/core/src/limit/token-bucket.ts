/*
 * A token bucket as one number (GCRA): the time up to which the calls made so far are paid for. Each call moves it on by
 * one interval, never from before now; a call is refused where that would take it further than a full burst ahead.
 *
 *     now ──────┬───────────── burst × interval ─────────────┐
 *               └ paid until: the distance from now is what is in use, the rest is free
 *
 * In whole microseconds: additions stay exact, and a table can make them by itself.
 */

export interface Rate {
  perSecond: number;
  /** Calls at once after a pause. */
  burst: number;
}

export type Charge =
  /** `from`: how the stored number becomes the new one, whatever else happens to it meanwhile. */
  | { kind: "taken"; from: "now" | "stored"; paidUntilUs: number }
  /** `reset`: the number cannot come from a clock that is right; this is what it becomes. */
  | { kind: "refused"; retryInMs: number; reset?: number };

export function intervalUs({ perSecond }: Rate): number {
  return Math.ceil(1_000_000 / perSecond);
}

/** How far ahead of now a bucket may be paid before the next call is one too many. */
export function roomUs(rate: Rate): number {
  return (rate.burst - 1) * intervalUs(rate);
}

/**
 * Clocks of instances differ by milliseconds. A number that is further ahead than a full burst and this was left by one
 * that was wrong; below it a reset would give what others have used up already.
 */
const skewUs = 60_000_000;

/**
 * One call. A clock that is ahead finds a full bucket at most. One that is behind refuses for a minute longer at most, and
 * sets right what a clock far ahead has left.
 */
export function charge(paidUntilUs: number | undefined, rate: Rate, nowMs: number): Charge {
  const nowUs = nowMs * 1000;
  const interval = intervalUs(rate);
  if (paidUntilUs === undefined || paidUntilUs <= nowUs) {
    return { kind: "taken", from: "now", paidUntilUs: nowUs + interval };
  }
  const ahead = paidUntilUs - nowUs;
  if (ahead <= roomUs(rate)) return { kind: "taken", from: "stored", paidUntilUs: paidUntilUs + interval };
  const full = rate.burst * interval;
  if (ahead > full + skewUs) return { kind: "refused", retryInMs: interval / 1000, reset: nowUs + full };
  return { kind: "refused", retryInMs: (ahead - roomUs(rate)) / 1000 };
}

/** What is left of a bucket, and when it is full again. */
export function leftOf(paidUntilUs: number, rate: Rate, nowMs: number): { remaining: number; fullInMs: number } {
  const ahead = Math.max(0, paidUntilUs - nowMs * 1000);
  const used = Math.ceil(ahead / intervalUs(rate));
  return { remaining: Math.max(0, rate.burst - used), fullInMs: ahead / 1000 };
}
