import type { Spans } from "@steward/contracts/spans";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spansAt } from "./spans-at.ts";

const minute = 60_000;
const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"];
// Around both changes of clocks of a year, on both halves of the globe.
const moments = fc.oneof(
  fc.integer({ min: Date.UTC(2026, 2, 1), max: Date.UTC(2026, 3, 10) }),
  fc.integer({ min: Date.UTC(2026, 9, 1), max: Date.UTC(2026, 10, 10) }),
);
const recurring = fc.record({
  cron: fc.constantFrom("0 22 * * *", "30 2 * * *", "0 1 * * SUN", "15 * * * *", "0 0 L * *", "*/30 2-3 * * *"),
  timeZone: fc.constantFrom(...zones),
  durationMinutes: fc.constantFrom(1, 30, 60, 90, 300, 1_440, 2_000),
});
const once = fc.tuple(moments, fc.integer({ min: 1, max: 10_000 })).map(([fromMs, minutes]) => ({
  from: new Date(fromMs).toISOString(),
  until: new Date(fromMs + minutes * minute).toISOString(),
}));
const spans: fc.Arbitrary<Spans> = fc.oneof(recurring, once);

describe("spans of time", () => {
  it("stay as they are until the moment that they name, and are the other way from that moment on", () => {
    fc.assert(
      fc.property(spans, moments, fc.double({ min: 0, max: 1, noNaN: true }), (when, atMs, part) => {
        const { open, changesAtMs } = spansAt(when, atMs);
        if (changesAtMs === undefined) return;
        expect(changesAtMs).toBeGreaterThan(atMs);
        const between = atMs + Math.floor((changesAtMs - 1 - atMs) * part);
        expect(spansAt(when, between)).toEqual({ open, changesAtMs });
        expect(spansAt(when, changesAtMs - 1).open).toBe(open);
        expect(spansAt(when, changesAtMs).open).toBe(!open);
      }),
      { numRuns: 100 },
    );
  });

  it("last as long as they say, also in the night in which the clocks are set", () => {
    const at = (iso: string) => Date.parse(iso);
    const night: Spans = { cron: "0 22 * * *", timeZone: "Europe/Berlin", durationMinutes: 480 };
    // To summer time: from 22:00 (UTC+1) for eight hours, to 07:00 (UTC+2) on the wall.
    expect(spansAt(night, at("2026-03-28T21:00:00Z"))).toEqual({ open: true, changesAtMs: at("2026-03-29T05:00:00Z") });
    // Back: from 22:00 (UTC+2), to 05:00 (UTC+1) on the wall.
    expect(spansAt(night, at("2026-10-24T20:00:00Z"))).toEqual({ open: true, changesAtMs: at("2026-10-25T04:00:00Z") });
  });

  it("begin right after the hour that the clocks leave out, and once in the hour that comes twice", () => {
    const at = (iso: string) => Date.parse(iso);
    const early: Spans = { cron: "30 2 * * *", timeZone: "Europe/Berlin", durationMinutes: 30 };
    expect(spansAt(early, at("2026-03-29T00:59:59Z")).open).toBe(false);
    expect(spansAt(early, at("2026-03-29T01:00:00Z"))).toEqual({ open: true, changesAtMs: at("2026-03-29T01:30:00Z") });
    expect(spansAt(early, at("2026-10-25T00:30:00Z")).open).toBe(true);
    expect(spansAt(early, at("2026-10-25T01:30:00Z")).open).toBe(false);
  });

  it("that overlap are one, and of those without a gap nobody says when they end", () => {
    const always: Spans = { cron: "0 * * * *", timeZone: "UTC", durationMinutes: 90 };
    expect(spansAt(always, Date.UTC(2026, 0, 1))).toEqual({ open: true });
    const days: Spans = { cron: "0 0 * * MON,TUE", timeZone: "UTC", durationMinutes: 24 * 60 };
    expect(spansAt(days, Date.UTC(2026, 0, 5, 12))).toEqual({ open: true, changesAtMs: Date.UTC(2026, 0, 7) });
  });

  it("are over for ever once they were", () => {
    const past: Spans = { from: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z" };
    expect(spansAt(past, Date.parse("2026-01-02T00:00:00Z"))).toEqual({ open: false });
  });
});
