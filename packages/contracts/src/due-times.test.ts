import { cronRecurrenceSchema, type Recurrence } from "./recurrence.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRecurrence, isWithin, nextDue, previousDue } from "./due-times.ts";
import { offsetAt } from "./zone.ts";

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe", // half an hour of summer time
  "America/Santiago", // set at midnight
  "Asia/Kathmandu",
  "Pacific/Apia", // left out a whole day in 2011
  "Africa/Casablanca",
  "Pacific/Chatham",
];
const minute = fc.constantFrom("0", "30", "*/15", "7,52", "*", "10-20/5");
const hour = fc.constantFrom("*", "0", "2", "*/6", "1-3", "23", "2,14");
const day = fc.constantFrom("*", "*", "1", "L", "15,30");
const month = fc.constantFrom("*", "*", "MAR", "10-11");
const weekday = fc.constantFrom("*", "*", "MON", "SUN#1", "1-5");
const crons = fc
  .tuple(minute, hour, day, month, weekday, fc.constantFrom(...zones))
  .map(([m, h, d, mo, w, timeZone]) => ({ cron: [m, h, d, mo, w].join(" "), timeZone }));
const rates: fc.Arbitrary<Recurrence> = fc
  .tuple(fc.integer({ min: 1, max: 90 }), fc.constantFrom("minutes", "hours", "days"), fc.nat(1e12))
  .map(([count, unit, anchorMs]) => ({ rate: `every ${count} ${unit}`, anchorMs }));
const specs: fc.Arbitrary<Recurrence> = fc.oneof({ arbitrary: crons, weight: 4 }, { arbitrary: rates, weight: 1 });
/** Any time, and more often a time near one at which some clock is set. */
const times = fc.oneof(
  fc.integer({ min: Date.UTC(2005, 0), max: Date.UTC(2045, 0) }),
  fc
    .tuple(
      fc.constantFrom(
        "2026-03-29T01:00:00Z",
        "2026-10-25T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2026-10-03T15:30:00Z",
        "2026-04-05T03:00:00Z",
        "2026-09-06T04:00:00Z",
        "2011-12-30T10:00:00Z",
      ),
      fc.integer({ min: -3 * 3_600_000, max: 3 * 3_600_000 }),
    )
    .map(([at, shift]) => Date.parse(at) + shift),
);
const at = (text: string) => Date.parse(text);
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

/** The due times in a stretch of time, found by looking at the clock on the wall every minute. */
function byHand(spec: { cron: string; timeZone: string }, afterMs: number, toMs: number): number[] {
  const utc = { cron: spec.cron, timeZone: "UTC" };
  const names = (localMs: number) => nextDue(utc, localMs - 1) === localMs;
  const hourly = spec.cron.split(" ")[1] === "*";
  const due = new Set<number>();
  let highest = Number.NEGATIVE_INFINITY;
  // Three hours before, because a local time may have been shown then already.
  for (let now = afterMs - 3 * 3_600_000; now <= toMs; now += 60_000) {
    const local = now + offsetAt(spec.timeZone, now);
    if (now > afterMs) {
      const shown = hourly ? local - 60_000 : highest;
      for (let one = shown + 60_000; one <= local; one += 60_000) if (names(one)) due.add(now);
    }
    highest = Math.max(highest, local);
  }
  return [...due];
}

describe("a recurrence", () => {
  it("is due after the time that it is asked about, and before that at the same time, and never in between", () => {
    fc.assert(
      fc.property(specs, times, (spec, now) => {
        const next = nextDue(spec, now);
        if (next === undefined) return;
        expect(next).toBeGreaterThan(now);
        expect(previousDue(spec, next)).toBe(next);
        const previous = previousDue(spec, next - 1);
        if (previous === undefined) return;
        expect(previous).toBeLessThanOrEqual(now);
        expect(nextDue(spec, previous)).toBe(next);
      }),
      { numRuns: 300 },
    );
  });

  it("is due exactly when somebody who looks at the clock on the wall every minute would say so", () => {
    fc.assert(
      fc.property(crons, times, (spec, now) => {
        const from = Math.floor(now / 60_000) * 60_000;
        const to = from + 4 * 3_600_000;
        const expected = byHand(spec, from, to);
        const found: number[] = [];
        for (let due = nextDue(spec, from); due !== undefined && due <= to; due = nextDue(spec, due)) found.push(due);
        expect(found.map(iso)).toEqual(expected.map(iso));
      }),
      { numRuns: 40 },
    );
  });

  it("covers what lies less than its duration behind a due time", () => {
    fc.assert(
      fc.property(specs, times, fc.integer({ min: 1, max: 86_400_000 }), (spec, now, durationMs) => {
        const began = previousDue(spec, now);
        expect(isWithin(spec, durationMs, now)).toBe(began !== undefined && now - began < durationMs);
        const next = nextDue(spec, now);
        if (next === undefined) return;
        expect(isWithin(spec, durationMs, next)).toBe(true);
        const after = nextDue(spec, next) ?? Number.POSITIVE_INFINITY;
        if (next + durationMs < after) expect(isWithin(spec, durationMs, next + durationMs)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it("runs a time that the clocks skip once, right after the gap", () => {
    const berlin = (cron: string) => ({ cron, timeZone: "Europe/Berlin" });
    const night = at("2026-03-28T12:00:00Z");
    for (const cron of ["30 2 * * *", "*/10 2 * * *", "0,30 2 * * *"]) {
      expect(iso(nextDue(berlin(cron), night))).toBe("2026-03-29T01:00:00.000Z");
      expect(iso(nextDue(berlin(cron), at("2026-03-29T01:00:00Z")))?.slice(0, 10)).toBe("2026-03-30");
    }
    expect(iso(nextDue(berlin("15 * * * *"), at("2026-03-29T00:20:00Z")))).toBe("2026-03-29T01:15:00.000Z");
  });

  it("runs a time that the clocks show twice once, and by the minute as time passes", () => {
    const berlin = (cron: string) => ({ cron, timeZone: "Europe/Berlin" });
    expect(iso(nextDue(berlin("30 2 * * *"), at("2026-10-24T12:00:00Z")))).toBe("2026-10-25T00:30:00.000Z");
    expect(iso(nextDue(berlin("30 2 * * *"), at("2026-10-25T00:30:00Z")))).toBe("2026-10-26T01:30:00.000Z");
    expect(iso(nextDue(berlin("15 * * * *"), at("2026-10-25T00:15:00Z")))).toBe("2026-10-25T01:15:00.000Z");
  });

  it("counts a rate from its anchor, as time passes", () => {
    const anchorMs = at("2026-03-28T12:05:00Z");
    expect(iso(nextDue({ rate: "every 24 hours", anchorMs }, anchorMs))).toBe("2026-03-29T12:05:00.000Z");
    expect(iso(nextDue({ rate: "every day", anchorMs }, anchorMs))).toBe("2026-03-29T12:05:00.000Z");
    expect(iso(nextDue({ rate: "every 15 minutes" }, anchorMs))).toBe("2026-03-28T12:15:00.000Z");
    expect(iso(previousDue({ rate: "every 15 minutes" }, anchorMs))).toBe("2026-03-28T12:00:00.000Z");
  });

  it.each([
    ["0 25 * * *", "the hour (0 to 23) cannot be 25"],
    ["61 0 * * *", "the minute (0 to 59) cannot be 61"],
    ["0 0 * * FUNDAY", "the day of the week (0 to 7, or SUN to SAT) cannot be FUNDAY"],
    ["0 0 1 13 *", "the month (1 to 12, or JAN to DEC) cannot be 13"],
    ["0 0 32 * *", "the day of the month (1 to 31, or L) cannot be 32"],
    ["0 0 30 2 *", "never comes: no month has such a day"],
    ["0 0 * *", "must have five fields"],
    ["0 0 * * * *", "must have five fields"],
  ])("says what is wrong with %s", (cron, message) => {
    expect(() => checkRecurrence({ cron, timeZone: "UTC" })).toThrow(message);
  });

  it("knows only time zones that there are, and patterns of five fields", () => {
    expect(() => checkRecurrence({ cron: "0 3 * * MON", timeZone: "Europe/Atlantis" })).toThrow(
      "there is no time zone Europe/Atlantis",
    );
    expect(() => checkRecurrence({ cron: "0 3 * * mon", timeZone: "America/Argentina/Ushuaia" })).not.toThrow();
    for (const cron of ["@daily", "0 0 * * ?", "0 3 * * MON\n", "0 3 * *"]) {
      expect(cronRecurrenceSchema.safeParse({ cron, timeZone: "UTC" }).success).toBe(false);
    }
  });
});
