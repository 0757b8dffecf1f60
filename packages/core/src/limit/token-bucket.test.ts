import fc from "fast-check";
import { expect, test } from "vitest";
import { charge, leftOf, type Rate } from "./token-bucket.ts";

const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 1_000 }), burst: fc.integer({ min: 1, max: 500 }) });
const startMs = 1_700_000_000_000;

/** Calls at these times, in order: when each one that was let through came. */
function callsAt(rate: Rate, timesMs: number[], from?: number): { taken: number[]; paidUntilUs: number | undefined } {
  let paidUntilUs = from;
  const taken: number[] = [];
  for (const nowMs of timesMs) {
    const result = charge(paidUntilUs, rate, nowMs);
    if (result.kind === "taken") {
      taken.push(nowMs);
      ({ paidUntilUs } = result);
    } else if (result.reset !== undefined) paidUntilUs = result.reset;
  }
  return { taken, paidUntilUs };
}

/** Times of calls, from many at once to minutes apart. */
const steps = fc.array(
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 120_000 })),
  { maxLength: 400 },
);
const timesOf = (gaps: number[]) => {
  let nowMs = startMs;
  return gaps.map((gap) => (nowMs += gap));
};

test("in no window are there more calls than a burst and what the rate gives in it", () => {
  fc.assert(
    fc.property(rates, steps, (rate, gaps) => {
      const { taken } = callsAt(rate, timesOf(gaps));
      for (const [first, from] of taken.entries()) {
        for (let last = first; last < taken.length; last++) {
          const windowMs = (taken[last] ?? 0) - from;
          expect(last - first + 1).toBeLessThanOrEqual(rate.burst + (windowMs * rate.perSecond) / 1000 + 1e-9);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("whoever keeps to the rate is never refused", () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 500 }), (rate, calls) => {
      const gap = Math.ceil(1000 / rate.perSecond);
      expect(callsAt(rate, timesOf(Array.from({ length: calls }, () => gap))).taken).toHaveLength(calls);
    }),
  );
});

test("a burst is let through whole, and the call after it is not", () => {
  fc.assert(
    fc.property(rates, (rate) => {
      expect(
        callsAt(
          rate,
          Array.from({ length: rate.burst + 1 }, () => startMs),
        ).taken,
      ).toHaveLength(rate.burst);
    }),
  );
});

test("a refused call may come again when it is told, not before, and costs nothing", () => {
  fc.assert(
    fc.property(rates, (rate) => {
      const { paidUntilUs } = callsAt(
        rate,
        Array.from({ length: rate.burst }, () => startMs),
      );
      const refused = charge(paidUntilUs, rate, startMs);
      if (refused.kind !== "refused") throw new Error("should be refused");
      expect(refused.reset).toBeUndefined();
      expect(charge(paidUntilUs, rate, Math.ceil(startMs + refused.retryInMs)).kind).toBe("taken");
      if (refused.retryInMs > 1) {
        expect(charge(paidUntilUs, rate, startMs + Math.ceil(refused.retryInMs) - 1).kind).toBe("refused");
      }
    }),
  );
});

test("the number only grows, by one interval at least, and the more is used the less is left", () => {
  fc.assert(
    fc.property(rates, steps, (rate, gaps) => {
      let paidUntilUs: number | undefined;
      for (const nowMs of timesOf(gaps)) {
        const before = paidUntilUs;
        const result = charge(paidUntilUs, rate, nowMs);
        if (result.kind === "refused") {
          expect(leftOf(before ?? 0, rate, nowMs).remaining).toBe(0);
          continue;
        }
        paidUntilUs = result.paidUntilUs;
        expect(paidUntilUs - (before ?? 0)).toBeGreaterThanOrEqual(Math.floor(1_000_000 / rate.perSecond));
        const left = leftOf(paidUntilUs, rate, nowMs);
        if (before !== undefined) {
          expect(left.remaining).toBeLessThanOrEqual(leftOf(before, rate, nowMs).remaining);
        }
        expect(left.remaining).toBeLessThan(rate.burst);
      }
    }),
  );
});

test("a clock that jumps grants a burst at most with each jump, and shuts nobody out for more than a minute longer", () => {
  fc.assert(
    fc.property(rates, fc.integer({ min: -3_600_000, max: 3_600_000 }), (rate, jumpMs) => {
      const many = (nowMs: number) => Array.from({ length: rate.burst * 2 }, () => nowMs);
      const before = callsAt(rate, many(startMs));
      const after = callsAt(rate, many(startMs + jumpMs), before.paidUntilUs);
      expect(after.taken.length).toBeLessThanOrEqual(rate.burst);
      // From the moment that somebody with the right clock calls, the bucket fills as always.
      const healed = callsAt(rate, [startMs], after.paidUntilUs);
      const fullMs = Math.ceil((rate.burst * 1000) / rate.perSecond) + rate.burst + 60_000;
      expect(callsAt(rate, many(startMs + fullMs), healed.paidUntilUs).taken).toHaveLength(rate.burst);
    }),
  );
});

test("clocks that differ by less than a minute together give no more than one that is ahead would", () => {
  const skewed = fc.array(
    fc.record({ gap: fc.integer({ min: 0, max: 500 }), behind: fc.integer({ min: 0, max: 59_000 }) }),
    {
      maxLength: 400,
    },
  );
  fc.assert(
    fc.property(rates, skewed, (rate, calls) => {
      let nowMs = startMs;
      const times = calls.map(({ gap, behind }) => (nowMs += gap) - behind);
      const spanMs = nowMs - startMs;
      const { taken } = callsAt(rate, times);
      expect(taken.length).toBeLessThanOrEqual(rate.burst + ((spanMs + 59_000) * rate.perSecond) / 1000 + 1e-9);
    }),
  );
});
