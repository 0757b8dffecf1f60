import { conditionKinds } from "@steward/contracts/heartbeat";
import type { AlertView } from "@steward/contracts/alert";
import { describe, expect, it } from "vitest";
import { adviceOf } from "./advice.ts";
import { byNeed, needsSomebody } from "./alert-terms.ts";
import { localMoment, minutesUntil } from "./snooze-times.ts";

describe("advice", () => {
  it("is there for every kind of condition and metric that is known", () => {
    const unknown = adviceOf({ kind: "health", part: "of-tomorrow" });
    const metrics = ["cpuPercent", "memoryPercent", "diskPercent", "loadAverage1m", "too-many"];
    for (const part of [...Object.keys(conditionKinds), ...metrics]) {
      expect(adviceOf({ kind: "health", part }).means, part).not.toBe(unknown.means);
    }
  });

  it("is there for what nobody knows yet, and for names that every object has", () => {
    for (const part of ["of-tomorrow", "constructor", "toString:x", "", undefined]) {
      const advice = adviceOf({ kind: "health", ...(part === undefined ? {} : { part }) });
      expect(advice.steps.length).toBeGreaterThan(0);
    }
  });

  it("asks for the unit that has failed, also one with a colon", () => {
    expect(adviceOf({ kind: "health", part: "service:nginx.service" }).ask).toBe("restart nginx.service");
    expect(adviceOf({ kind: "health", part: "service:a:b" }).ask).toBe("restart a:b");
  });
});

describe("a snooze until a moment", () => {
  const nowMs = Date.parse("2026-11-26T10:00:00Z");
  it("is in whole minutes, and no shorter than asked for", () => {
    expect(minutesUntil(localMoment(nowMs + 90 * 60_000), nowMs)).toEqual({ minutes: 90 });
  });
  it("is neither over nor longer than 30 days", () => {
    expect(minutesUntil(localMoment(nowMs - 60_000), nowMs)).toHaveProperty("problem");
    expect(minutesUntil(localMoment(nowMs + 31 * 86_400_000), nowMs)).toHaveProperty("problem");
    expect(minutesUntil("", nowMs)).toHaveProperty("problem");
  });
});

describe("alerts in a list", () => {
  const alert = (more: Partial<AlertView>): AlertView => ({
    id: "alr_1",
    kind: "health",
    status: "open",
    severity: "warning",
    summary: "",
    startsAt: "2026-11-26T10:00:00.000Z",
    openings: 1,
    past: [],
    ...more,
  });

  it("begin with what is critical and open, and of those with what has been so for longest", () => {
    const list = [
      alert({ id: "over", status: "resolved", severity: "critical" }),
      alert({ id: "warns" }),
      alert({ id: "seen", status: "acknowledged", severity: "critical" }),
      alert({ id: "new", severity: "critical", startsAt: "2026-11-26T11:00:00.000Z" }),
      alert({ id: "old", severity: "critical" }),
    ];
    expect(list.toSorted(byNeed).map(({ id }) => id)).toEqual(["old", "new", "warns", "seen", "over"]);
  });

  it("need nobody who is snoozed, seen, or behind a gateway", () => {
    const nowMs = Date.parse("2026-11-26T12:00:00Z");
    expect(needsSomebody(alert({}), nowMs)).toBe(true);
    expect(needsSomebody(alert({ status: "acknowledged" }), nowMs)).toBe(false);
    expect(needsSomebody(alert({ snoozedUntil: "2026-11-26T13:00:00.000Z" }), nowMs)).toBe(false);
    expect(needsSomebody(alert({ snoozedUntil: "2026-11-26T11:00:00.000Z" }), nowMs)).toBe(true);
    expect(needsSomebody(alert({ suppressedBy: "apl_1" }), nowMs)).toBe(false);
  });
});
