import fc from "fast-check";
import { expect, it } from "vitest";
import { quietUntilMs } from "./quiet-hours.ts";

const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(":"));
const zone = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata");
const night = { begins: "22:00", ends: "07:00", timeZone: "Europe/Berlin", exceptCritical: false };

it("ends, within a day and an hour, and it is not quiet then", () => {
  fc.assert(
    fc.property(clock, clock, zone, fc.integer({ min: 1.7e12, max: 1.9e12 }), (begins, ends, timeZone, nowMs) => {
      if (begins === ends) return;
      const hours = { begins, ends, timeZone, exceptCritical: false };
      const endsMs = quietUntilMs(hours, nowMs);
      if (endsMs === undefined) return;
      expect(endsMs).toBeGreaterThan(nowMs);
      expect(endsMs - nowMs).toBeLessThanOrEqual(25 * 3_600_000);
      // Where clocks are set back the same hour comes twice, and with it the quiet.
      const again = quietUntilMs(hours, endsMs);
      expect((again ?? endsMs) - endsMs).toBeLessThanOrEqual(3_600_000);
    }),
  );
});

it("goes over midnight by the clocks of its zone", () => {
  const at = (text: string) => quietUntilMs(night, Date.parse(text));
  expect(at("2026-11-26T20:59:00Z")).toBeUndefined();
  expect(at("2026-11-26T21:00:00Z")).toBe(Date.parse("2026-11-27T06:00:00Z"));
  expect(at("2026-11-27T03:00:00Z")).toBe(Date.parse("2026-11-27T06:00:00Z"));
  expect(at("2026-11-27T06:00:00Z")).toBeUndefined();
  // The clocks go forward in this night.
  expect(at("2027-03-27T22:00:00Z")).toBe(Date.parse("2027-03-28T05:00:00Z"));
});

it("is quiet by day too", () => {
  const day = { ...night, begins: "12:00", ends: "13:00", timeZone: "UTC" };
  expect(quietUntilMs(day, Date.parse("2026-11-26T12:30:00Z"))).toBe(Date.parse("2026-11-26T13:00:00Z"));
  expect(quietUntilMs(day, Date.parse("2026-11-26T22:30:00Z"))).toBeUndefined();
});
