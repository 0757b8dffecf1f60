import { expect, test } from "vitest";
import { byDay, comingTimes, problemOfWhen, timeZones } from "./coming-times.ts";

const now = Date.parse("2026-11-26T12:00:00Z");

test("coming times follow the clocks of the zone, over the day on which they are set", () => {
  const times = comingTimes({ cron: "0 3 * * SUN", timeZone: "Europe/Berlin" }, Date.parse("2027-03-20T12:00:00Z"), 3);
  expect(times.map((at) => new Date(at).toISOString())).toEqual([
    "2027-03-21T02:00:00.000Z",
    "2027-03-28T01:00:00.000Z",
    "2027-04-04T01:00:00.000Z",
  ]);
});

test("a rate counts from now, and what never comes has no times", () => {
  expect(comingTimes({ rate: "every 6 hours" }, now, 2)).toEqual([now + 6 * 3_600_000, now + 12 * 3_600_000]);
  expect(comingTimes({ cron: "0 0 29 2 *", timeZone: "UTC" }, now, 2)).toHaveLength(2);
});

test("what is wrong with a time is said before it is sent", () => {
  expect(problemOfWhen({ cron: "0 3 * * MON", timeZone: "Europe/Berlin" })).toBeUndefined();
  expect(problemOfWhen({ cron: "0 25 * * *", timeZone: "UTC" })).toContain("hour");
  expect(problemOfWhen({ cron: "0 3 *", timeZone: "UTC" })).toContain("five fields");
  expect(problemOfWhen({ cron: "0 3 31 2 *", timeZone: "UTC" })).toContain("never comes");
  expect(problemOfWhen({ cron: "0 3 * * *", timeZone: "Mars/Base" })).toContain("time zone");
  expect(problemOfWhen({ rate: "every now and then" })).toContain("every 15 minutes");
});

test("times stand under the day that they are on in their zone", () => {
  const times = [Date.parse("2026-11-26T23:30:00Z"), Date.parse("2026-11-27T00:30:00Z")];
  expect(byDay(times, "UTC").map(({ times: own }) => own.length)).toEqual([1, 1]);
  expect(byDay(times, "Europe/Berlin").map(({ times: own }) => own.length)).toEqual([2]);
  expect(timeZones()).toContain("Europe/Berlin");
});
