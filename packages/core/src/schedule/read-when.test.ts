import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readWhen } from "./read-when.ts";
import { checkRecurrence, nextDue } from "@steward/contracts/due-times";

const timeZone = "Europe/Berlin";

describe("a time in words", () => {
  it.each([
    ["every monday at 3 update packages", "0 3 * * 1", "update packages"],
    ["update packages every monday at 3:30 pm", "30 15 * * 1", "update packages"],
    ["update packages on mondays and thursdays at 3am", "0 3 * * 1,4", "update packages"],
    ["every weekday at noon show disk usage", "0 12 * * 1-5", "show disk usage"],
    ["Every Day at 02:15, restart nginx", "15 2 * * *", "restart nginx"],
    ["restart nginx daily at midnight", "0 0 * * *", "restart nginx"],
    ["at 4 every sunday restart nginx", "0 4 * * 0", "restart nginx"],
    ["every first monday of the month at 5 update packages", "0 5 * * 1#1", "update packages"],
    ["every last friday at 17:00 update packages", "0 17 * * 5#L", "update packages"],
    ["on the 15th of every month at 12 am update packages", "0 0 15 * *", "update packages"],
  ])("%s", (words, cron, rest) => {
    expect(readWhen(words, timeZone)).toEqual({ when: { cron, timeZone }, rest });
    expect(() => checkRecurrence({ cron, timeZone })).not.toThrow();
    expect(nextDue({ cron, timeZone }, 0)).toBeDefined();
  });

  it.each([
    ["show disk usage every 15 minutes", "every 15 minutes"],
    ["every hour show disk usage", "every hour"],
    ["hourly show disk usage", "every hour"],
    ["show disk usage every 2 days", "every 2 days"],
  ])("%s", (words, rate) => {
    expect(readWhen(words, timeZone)).toEqual({ when: { rate }, rest: "show disk usage" });
  });

  it.each([
    "update packages",
    "every monday update packages",
    "every day update packages",
    "update packages at 3",
    "every monday at 25 update packages",
    "every monday at 13 pm update packages",
    "every monday at 3:75 update packages",
    "every monday at 3 and every friday at 4 update packages",
    "every hour and every monday at 3 update packages",
    "on the 32nd at 3 update packages",
    "every 0 minutes show disk usage",
  ])("is not guessed: %s", (words) => {
    expect(readWhen(words, timeZone)).toBeUndefined();
  });

  it("is one that can come, or none, whatever is written", () => {
    const word = fc.constantFrom(
      ..."every each on the at 3 15 31 03:30 pm am noon first last monday fridays and , of month day night weekday daily hours minutes update packages".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const read = readWhen(words.join(" "), timeZone);
        if (read === undefined) return;
        expect(() => checkRecurrence(read.when)).not.toThrow();
        expect(nextDue("rate" in read.when ? { rate: read.when.rate } : read.when, 0)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});
