import { defaults } from "@steward/contracts/defaults";
import { type Lane, lanes } from "@steward/contracts/names";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ExpectedWait, expectedWait, type LaneLoad, stationaryWait } from "./expected-wait.ts";

const load = (lane: Lane) =>
  fc.record({
    lane: fc.constant(lane),
    queued: fc.integer({ min: 0, max: 500 }),
    inFlight: fc.integer({ min: 0, max: 40 }),
    arrivalsPerSecond: fc.double({ min: 0, max: 5, noNaN: true }),
    serviceSeconds: fc.option(fc.double({ min: 0.01, max: 600, noNaN: true }), { nil: undefined }),
    serviceVariation: fc.option(fc.double({ min: 0, max: 20, noNaN: true }), { nil: undefined }),
  });
const loads = fc.tuple(load("express"), load("standard"), load("bulk"));
const someLane = fc.constantFrom(...lanes);
const someSlots = fc.integer({ min: 1, max: 64 });

function seconds(wait: ExpectedWait): number {
  if (wait.kind === "unknown") throw new Error(wait.why);
  return wait.seconds;
}
const nearly = (value: number) => value * (1 + 1e-9) + 1e-9;
const quiet = (lane: Lane, more: Partial<LaneLoad> = {}): LaneLoad => ({
  lane,
  queued: 0,
  inFlight: 0,
  arrivalsPerSecond: 0,
  serviceSeconds: undefined,
  serviceVariation: undefined,
  ...more,
});

test("a longer queue, in any lane, never shortens the wait", () => {
  fc.assert(
    fc.property(
      loads,
      someLane,
      someLane,
      someSlots,
      fc.integer({ min: 1, max: 50 }),
      (all, lane, where, slots, more) => {
        const longer = all.map((one) => (one.lane === where ? { ...one, queued: one.queued + more } : one));
        expect(seconds(expectedWait(lane, all, slots))).toBeLessThanOrEqual(
          nearly(seconds(expectedWait(lane, longer, slots))),
        );
      },
    ),
  );
});

test("more slots never lengthen the wait", () => {
  fc.assert(
    fc.property(loads, someLane, someSlots, fc.integer({ min: 1, max: 8 }), (all, lane, slots, more) => {
      expect(seconds(expectedWait(lane, all, slots + more))).toBeLessThanOrEqual(
        nearly(seconds(expectedWait(lane, all, slots))),
      );
    }),
  );
});

test("the bounds hold what is expected between them, and no lane waits less than a shorter one of the same jobs", () => {
  fc.assert(
    fc.property(loads, someLane, someSlots, (all, lane, slots) => {
      const wait = expectedWait(lane, all, slots);
      if (wait.kind === "unknown") throw new Error(wait.why);
      expect(Number.isFinite(wait.seconds)).toBe(true);
      expect(wait.fromSeconds).toBeLessThanOrEqual(nearly(wait.seconds));
      if (wait.toSeconds !== undefined) expect(wait.seconds).toBeLessThanOrEqual(nearly(wait.toSeconds));
    }),
  );
  fc.assert(
    fc.property(loads, someSlots, (all, slots) => {
      const [express, standard, bulk] = lanes.map((lane) => seconds(expectedWait(lane, all, slots)));
      expect(express).toBeLessThanOrEqual(nearly(standard ?? 0));
      expect(standard).toBeLessThanOrEqual(nearly(bulk ?? 0));
    }),
  );
});

test("without a slot nobody knows; with a free one nobody waits", () => {
  fc.assert(
    fc.property(loads, someLane, (all, lane) => {
      expect(expectedWait(lane, all, 0)).toMatchObject({ kind: "unknown" });
    }),
  );
  const idle = [quiet("express", { inFlight: 3 }), quiet("standard"), quiet("bulk")];
  for (const lane of lanes) expect(seconds(expectedWait(lane, idle, 4))).toBe(0);
});

test("exponential jobs in one lane: n ahead and all slots busy is n + 1 departures", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 1, max: 32 }),
      fc.double({ min: 0.1, max: 100, noNaN: true }),
      (queued, slots, serviceSeconds) => {
        const all = [quiet("express", { queued, inFlight: slots, serviceSeconds, serviceVariation: 1 })];
        expect(seconds(expectedWait("express", all, slots))).toBeCloseTo(((queued + 1) * serviceSeconds) / slots, 6);
      },
    ),
  );
});

test("the wait over all time is the one of the textbooks: M/M/1, M/D/1, M/M/2", () => {
  const one = (load: Partial<LaneLoad>, slots: number) =>
    stationaryWait([{ ...quiet("express", load), seconds: 1 }], slots);
  // ρ/(1−ρ) · s; half of it for jobs that are all alike.
  expect(one({ arrivalsPerSecond: 0.8, serviceVariation: 1 }, 1)).toBeCloseTo(4, 9);
  expect(one({ arrivalsPerSecond: 0.8, serviceVariation: 0 }, 1)).toBeCloseTo(2, 9);
  // ρ²/(1−ρ²) · s
  expect(one({ arrivalsPerSecond: 1.6, serviceVariation: 1 }, 2)).toBeCloseTo(0.64 / 0.36, 9);
  expect(one({ arrivalsPerSecond: 2 }, 2)).toBeUndefined();
});

test("what comes in faster than it is done has no upper bound, and what the shorter lanes take is bounded by their turns", () => {
  const flooded = [
    quiet("express", { arrivalsPerSecond: 50, inFlight: 2 }),
    quiet("standard"),
    quiet("bulk", { queued: 1 }),
  ];
  const wait = expectedWait("bulk", flooded, 2);
  expect(wait).not.toHaveProperty("toSeconds");
  const alone = seconds(expectedWait("bulk", [quiet("express", { inFlight: 2 }), quiet("bulk", { queued: 1 })], 2));
  expect(seconds(wait)).toBeCloseTo(defaults.mostPassedOver * alone, 9);
});
