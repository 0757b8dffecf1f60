import type { LaneHistory } from "@steward/contracts/queues";
import fc from "fast-check";
import { expect, it } from "vitest";
import { laneSeries } from "./lane-series.ts";

const at = "2026-11-26T14:00:30.000Z";
const now = Date.parse("2026-11-26T14:00:00.000Z");
const point = fc.record({
  ago: fc.integer({ min: 0, max: 119 }),
  queue: fc.constantFrom("express" as const, "bulk" as const, "escalations" as const),
  arrivals: fc.nat(50),
  done: fc.nat(50),
  failed: fc.nat(50),
  tokens: fc.nat(5_000),
});

it("every point is counted once in its minute, and a minute without one is 0", () => {
  fc.assert(
    fc.property(fc.array(point), (list) => {
      const points = list.map(({ ago, ...one }): LaneHistory["points"][number] => ({
        ...one,
        at: new Date(now - ago * 60_000).toISOString(),
        ...(one.done + one.failed === 0 ? {} : { serviceSeconds: 3 }),
      }));
      const plots = laneSeries({ at, minutes: 120, points }, () => true);
      expect(plots.atMs).toHaveLength(120);
      expect(plots.atMs.at(-1)).toBe(now);
      for (const name of ["arrivals", "done", "failed", "tokens"] as const) {
        const sum = plots[name].reduce<number>((total, value) => total + (value ?? 0), 0);
        expect(sum).toBe(list.reduce((total, one) => total + one[name], 0));
      }
      for (const value of plots.serviceSeconds) if (value !== null) expect(value).toBeCloseTo(3, 9);
      const none = laneSeries({ at, minutes: 120, points }, () => false);
      expect(none.arrivals.every((value) => value === 0)).toBe(true);
    }),
  );
});

it("means are weighed, and unknown where nothing ended", () => {
  const base = { at: new Date(now).toISOString(), arrivals: 0, failed: 0, tokens: 0 };
  const plots = laneSeries(
    {
      at,
      minutes: 3,
      points: [
        { ...base, queue: "express", done: 3, serviceSeconds: 1, waitedSeconds: 2 },
        { ...base, queue: "bulk", done: 1, serviceSeconds: 9, waitedSeconds: 6 },
      ],
    },
    () => true,
  );
  expect(plots.serviceSeconds).toEqual([null, null, 3]);
  expect(plots.waitedSeconds).toEqual([null, null, 3]);
});
