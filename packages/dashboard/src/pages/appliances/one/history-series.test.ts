import { type Health, healthLevels } from "@steward/contracts/heartbeat";
import fc from "fast-check";
import { expect, test } from "vitest";
import { healthSpans, seriesOf, sharesOf } from "./history-series.ts";

const stepSeconds = 300;
const stepMs = stepSeconds * 1000;
const beganMs = Date.parse("2026-11-26T00:00:00.000Z");
const aPoint = (step: number, health: Health = "healthy") => ({
  at: new Date(beganMs + step * stepMs).toISOString(),
  health,
  cpuPercent: step,
  memoryPercent: 2,
  diskPercent: 3,
  loadAverage1m: 0.5,
});

test("a silence is a gap in the line, and a missing step is one", () => {
  const { atMs, values } = seriesOf(
    { stepSeconds, points: [aPoint(0), aPoint(1), aPoint(4), aPoint(5)] },
    "cpuPercent",
  );
  expect(values).toEqual([0, 1, null, 4, 5]);
  expect(atMs.every((at, index) => index === 0 || at > (atMs[index - 1] ?? 0))).toBe(true);
});

const aHistory = fc.uniqueArray(fc.integer({ min: -5, max: 300 }), { maxLength: 120 }).chain((steps) =>
  fc.record({
    steps: fc.constant(steps.toSorted((a, b) => a - b)),
    levels: fc.array(fc.constantFrom(...healthLevels), { minLength: steps.length, maxLength: steps.length }),
  }),
);

test("spans cover all of the time, in order, without a gap, and no two alike are neighbours", () => {
  fc.assert(
    fc.property(aHistory, ({ steps, levels }) => {
      const points = steps.map((step, at) => aPoint(step, levels[at]));
      const [fromMs, toMs] = [beganMs, beganMs + 288 * stepMs];
      const spans = healthSpans({ stepSeconds, points }, fromMs, toMs);
      const firstMs = points[0] === undefined ? fromMs : Date.parse(points[0].at);
      if (firstMs >= toMs) {
        expect(spans).toEqual([]);
        return;
      }
      expect(spans[0]?.fromMs).toBe(Math.max(fromMs, firstMs));
      expect(spans.at(-1)?.toMs).toBe(toMs);
      for (const [index, span] of spans.entries()) {
        expect(span.toMs).toBeGreaterThan(span.fromMs);
        const before = spans[index - 1];
        if (before !== undefined) {
          expect(span.fromMs).toBe(before.toMs);
          expect(span.level).not.toBe(before.level);
        }
      }
      const shares = Object.values(sharesOf(spans));
      expect(shares.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1);
    }),
  );
});

test("the step that is under way is no silence; two missing ones are", () => {
  const points = [aPoint(0), aPoint(1)];
  const until = (steps: number) => healthSpans({ stepSeconds, points }, beganMs, beganMs + steps * stepMs);
  expect(until(3).map(({ level }) => level)).toEqual(["healthy"]);
  expect(until(6).map(({ level }) => level)).toEqual(["healthy", "silent"]);
});
