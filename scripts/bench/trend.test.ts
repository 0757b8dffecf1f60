import fc from "fast-check";
import { expect, it } from "vitest";
import { slopePerHour } from "./trend.ts";

const line = (perHour: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    atMs: index * 5_000,
    value: 100 + (perHour * index * 5_000) / 3_600_000,
  }));

it("finds the slope of a line, whatever a quarter of its samples say", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1_000, max: 1_000, noNaN: true }),
      fc.array(fc.tuple(fc.nat(39), fc.double({ min: -1e6, max: 1e6, noNaN: true })), { maxLength: 10 }),
      (perHour, wrong) => {
        const samples = line(perHour, 40);
        expect(slopePerHour(samples)).toBeCloseTo(perHour, 3);
        for (const [index, value] of wrong) samples[index] = { atMs: index * 5_000, value };
        expect(Math.abs(slopePerHour(samples) - perHour)).toBeLessThan(0.01);
      },
    ),
  );
});
