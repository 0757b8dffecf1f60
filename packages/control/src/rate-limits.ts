import { type BucketOwner, chargeBucket } from "@steward/aws/records/rate-bucket";
import type { RateName } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import { leftOf, type Rate } from "@steward/core/limit/token-bucket";
import type { Context } from "./context.ts";

export type RateLimits = Record<RateName, Rate>;

/** What is left of one bucket after a call. */
export interface RateLeft {
  name: RateName;
  rate: Rate;
  remaining: number;
  /** Until it is full again. */
  resetSeconds: number;
}

export type RateVerdict =
  | { kind: "allowed"; left: RateLeft[] }
  /** `left` has those that were asked: the last of them is empty. */
  | { kind: "refused"; left: RateLeft[]; retryAfterSeconds: number };

export interface RateLimiter {
  rates: RateLimits;
  /** Takes one token of each, in this order, until one is empty. */
  charge(owners: readonly BucketOwner[]): Promise<RateVerdict>;
}

/** Numbers that an instance remembers, each some 100 bytes. */
const maxKnown = 2_000;
/** The table answers in milliseconds. What takes longer must not hold up every call. */
const patienceMs = 3_000;

/**
 * The buckets, in the table: one for all instances, so the bound is exact (`burst + rate × time`, whoever calls where).
 * An instance remembers the numbers that it has seen: a bucket that it knows to be empty is refused without a write, so a
 * flood does not become a flood of writes.
 *
 * Where the table does not answer the call goes on: the limits are there to share it out fairly, and who gets through
 * meets the same table. Where one bucket's item is throttled the call is refused: the table grows with its load,
 * and a single item is only ever written too often by its own flood.
 */
export function createRateLimiter(deps: Pick<Context, "table" | "nowMs" | "log">, rates: RateLimits): RateLimiter {
  const known = new Map<string, number>();
  let toldOfOutage = false;

  const remember = (key: string, paidUntilUs: number) => {
    known.delete(key);
    known.set(key, paidUntilUs);
    const [oldest] = known.keys();
    if (known.size > maxKnown && oldest !== undefined) known.delete(oldest);
  };

  async function chargeOne(owner: BucketOwner): Promise<{ left?: RateLeft; retryInMs?: number }> {
    const { kind: name, id } = owner;
    const rate = rates[name];
    const key = `${name}#${id}`;
    const nowMs = deps.nowMs();
    const seen = known.get(key);
    try {
      const charged = await inTime(
        chargeBucket(deps.table, { owner, rate, nowMs, ...(seen === undefined ? {} : { known: seen }) }),
      );
      remember(key, charged.paidUntilUs);
      toldOfOutage = false;
      const { remaining, fullInMs } = leftOf(charged.paidUntilUs, rate, nowMs);
      const left = { name, rate, remaining, resetSeconds: Math.ceil(fullInMs / 1000) };
      return charged.kind === "taken" ? { left } : { left: { ...left, remaining: 0 }, retryInMs: charged.retryInMs };
    } catch (error) {
      if (hasCode(error, "too_many_requests")) return { retryInMs: 1_000 };
      // Open, and out loud: once for each outage.
      if (!toldOfOutage) deps.log("warn", "rate_limits_unavailable", { error: String(error) });
      toldOfOutage = true;
      return {};
    }
  }

  return {
    rates,
    async charge(owners) {
      const left: RateLeft[] = [];
      // One after the other: what the first refuses must not use up the second, which others share.
      for (const owner of owners) {
        const one = await chargeOne(owner);
        if (one.left !== undefined) left.push(one.left);
        if (one.retryInMs !== undefined) {
          return { kind: "refused", left, retryAfterSeconds: Math.max(1, Math.ceil(one.retryInMs / 1000)) };
        }
      }
      return { kind: "allowed", left };
    },
  };
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
