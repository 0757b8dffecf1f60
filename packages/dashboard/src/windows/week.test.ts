import { isWithin } from "@steward/contracts/due-times";
import fc from "fast-check";
import { expect, test } from "vitest";
import { daysFrom, shareOf, spansBetween } from "./week.ts";

const weekMs = 7 * 86_400_000;
const from = Date.parse("2027-03-22T00:00:00Z");

const windows = fc.record({
  cron: fc.constantFrom("0 22 * * *", "30 1 * * SUN", "0 */6 * * *", "0 0 L * *", "15 * * * 1-5"),
  timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
  durationMinutes: fc.constantFrom(1, 45, 90, 360, 1_440, 5_000),
});

test("a moment is drawn as within a window exactly when it is", () => {
  fc.assert(
    fc.property(windows, fc.integer({ min: 0, max: weekMs - 1 }), (when, offset) => {
      const at = from + offset;
      const spans = spansBetween(when, from, from + weekMs);
      const isDrawn = spans.some(({ fromMs, untilMs }) => fromMs <= at && at < untilMs);
      expect(isDrawn).toBe(isWithin(when, when.durationMinutes * 60_000, at));
    }),
  );
});

test("spans stay within the stretch, in order, and apart", () => {
  fc.assert(
    fc.property(windows, (when) => {
      const spans = spansBetween(when, from, from + weekMs);
      for (const [index, span] of spans.entries()) {
        expect(span.fromMs).toBeGreaterThanOrEqual(spans[index - 1]?.untilMs ?? from);
        expect(span.untilMs).toBeGreaterThan(span.fromMs);
        expect(span.untilMs).toBeLessThanOrEqual(from + weekMs);
      }
    }),
  );
});

test("what comes once is drawn where it is, and not elsewhere", () => {
  const once = { from: "2027-03-21T12:00:00Z", until: "2027-03-22T12:00:00Z" };
  expect(spansBetween(once, from, from + weekMs)).toEqual([{ fromMs: from, untilMs: from + 12 * 3_600_000 }]);
  expect(spansBetween(once, from + weekMs, from + 2 * weekMs)).toEqual([]);
});

test("a week is seven days from today's midnight", () => {
  const days = daysFrom(from + 5 * 3_600_000);
  expect(days).toHaveLength(8);
  expect(daysFrom(from, 1)[0]).toBe(days[7]);
  expect(shareOf(from + weekMs / 4, from, from + weekMs)).toBe(25);
});
