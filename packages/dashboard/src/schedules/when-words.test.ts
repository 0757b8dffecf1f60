import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asKind, cronOf, simpleKinds, simpleOf } from "./simple-times.ts";
import { whenText, whenWords } from "./when-words.ts";

const words = (cron: string) => whenWords({ cron, timeZone: "Europe/Berlin" });

describe("a cron pattern in words", () => {
  test.each([
    ["0 3 * * *", "every day at 03:00"],
    ["0 3 * * MON", "every Monday at 03:00"],
    ["30 4 * * 1-5", "Monday to Friday at 04:30"],
    ["30 4 * * MON,WED", "every Monday and Wednesday at 04:30"],
    ["0 22 * * 0,6", "every Saturday and Sunday at 22:00"],
    ["0 6,18 * * *", "every day at 06:00 and 18:00"],
    ["0 2 * * 2#1", "on the first Tuesday of the month at 02:00"],
    ["0 2 * * SUN#L", "on the last Sunday of the month at 02:00"],
    ["0 0 L * *", "on the last day of the month at 00:00"],
    ["15 1 1,15 * *", "on the 1st and 15th of the month at 01:15"],
    ["0 3 1 JAN,JUL *", "on the 1st of the month in January and July at 03:00"],
    ["*/15 * * * *", "every 15 minutes"],
    ["20 * * * 1-5", "every hour at :20, Monday to Friday"],
    ["0 */6 * * *", "every 6 hours at :00"],
    // Nothing is guessed.
    ["0 3 13 * FRI", "0 3 13 * FRI"],
    ["0-10 3-5 * * *", "0-10 3-5 * * *"],
    ["0 3 * * 5-1", "0 3 * * 5-1"],
  ])("%s: %s", (cron, text) => expect(words(cron)).toBe(text));

  test("says whose clocks it goes by; a rate needs none", () => {
    expect(whenText({ cron: "0 3 * * *", timeZone: "Europe/Berlin" })).toBe("every day at 03:00 (Europe/Berlin)");
    expect(whenText({ rate: "every 6 hours" })).toBe("every 6 hours");
  });
});

const times = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map(([hour, minute]) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`);
const simple = fc.oneof(
  fc.record({ kind: fc.constant("daily" as const), time: times }),
  fc.record({
    kind: fc.constant("weekly" as const),
    time: times,
    days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }).map((days) => days.sort((a, b) => a - b)),
  }),
  fc.record({
    kind: fc.constant("monthly" as const),
    time: times,
    day: fc.oneof(fc.integer({ min: 1, max: 31 }), fc.constant("L" as const)),
  }),
  fc.record({ kind: fc.constant("hourly" as const), minute: fc.integer({ min: 0, max: 59 }) }),
);

test("fields that were written as a pattern are read back as they were", () => {
  fc.assert(
    fc.property(simple, (one) => {
      expect(simpleOf(cronOf(one))).toEqual(one);
    }),
  );
});

test("a pattern that is no such fields stays what it is, and any fields can become a pattern", () => {
  for (const cron of ["0 3 13 * FRI", "*/5 * * * *", "0 3 * * 1#1", "0 3 * 6 *", "0 25 * * *", "0 3 32 * *"]) {
    expect(simpleOf(cron)).toEqual({ kind: "custom", cron });
  }
  fc.assert(
    fc.property(simple, fc.constantFrom(...simpleKinds), (one, kind) => {
      const other = asKind(one, kind);
      expect(other.kind).toBe(kind);
      if (kind === "custom") expect(cronOf(other)).toBe(cronOf(one));
    }),
  );
});
