import { createScheduleSchema } from "@steward/contracts/schedule";
import { expect, test } from "vitest";
import { agenda, approvalSaid, comingOf, lastSaid, stepsWords } from "./schedule-state.ts";

const definition = createScheduleSchema.parse({
  name: "x",
  when: { cron: "0 3 * * *", timeZone: "UTC" },
  steps: [{ action: "users.add", variables: { username: "john", groups: ["a", "b"] } }],
  targets: ["all"],
});
const daily = { definition, status: "active" as const, next: ["2026-11-27T03:00:00.000Z"] };
const often = {
  definition: { ...definition, when: { rate: "every 12 hours" } },
  status: "active" as const,
  next: ["2026-11-26T23:59:00.000Z"],
};

test("the coming times of several schedules stand in one order, and a rate goes on from its next time", () => {
  expect(agenda([daily, often], 4).map(({ atMs }) => new Date(atMs).toISOString())).toEqual([
    "2026-11-26T23:59:00.000Z",
    "2026-11-27T03:00:00.000Z",
    "2026-11-27T11:59:00.000Z",
    "2026-11-27T23:59:00.000Z",
  ]);
  expect(agenda([], 4)).toEqual([]);
});

test("what is paused has no coming times", () => {
  expect(comingOf({ ...daily, status: "paused" }, 3)).toEqual([]);
  expect(comingOf(daily, 3)).toHaveLength(3);
});

test("an approval counts for what it was given for, until it ends", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  const standing = {
    by: "per_1",
    name: "Ada",
    at: "2026-11-01T00:00:00Z",
    expiresAt: "2026-12-01T00:00:00Z",
    standingHash: "a",
  };
  const shown = { matches: 3, riskReasons: [], definitionHash: "d", risk: "medium" as const };
  expect(approvalSaid({ standing, now: { ...shown, standingHash: "a" } }, now).text).toBe("Approved");
  expect(approvalSaid({ standing, now: { ...shown, standingHash: "b" } }, now).tone).toBe("wait");
  expect(approvalSaid({ standing: { ...standing, expiresAt: "2026-11-26T12:00:00Z" } }, now).text).toBe("Ended");
  expect(approvalSaid({ now: { ...shown, risk: "low" } }, now).text).toBe("Needs none");
});

test("words for a line", () => {
  expect(stepsWords(definition.steps)).toEqual(["users.add  username=john  groups=a, b"]);
  expect(lastSaid({ log: [] }).text).toBe("Not due yet");
});
