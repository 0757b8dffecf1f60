import type { Condition, Metrics } from "@steward/contracts/heartbeat";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs } from "../../test/fixtures.ts";
import { conditionOf, holdsMore, keepConditions, lineOf } from "./conditions.ts";
import { causesOf, isOffline, judgeMetrics, stillCauses, transition } from "./health.ts";
import type { PresenceState } from "./node-state.ts";

const metrics = (cpuPercent: number): Metrics => ({
  cpuPercent,
  memoryPercent: 1,
  diskPercent: 1,
  loadAverage1m: 0,
  uptimeSeconds: 1,
});
const [good, warm, hot] = [metrics(10), metrics(80), metrics(95)];
const presence: PresenceState = {
  v: 1,
  nodeId: "apl_1",
  tenantId: "ten_1",
  kind: "appliance",
  sequence: 1,
  lastSeenAtMs: startMs,
  intervalSeconds: 60,
  certificate: { current: "x", revoked: false },
  directive: { intervalSeconds: 15, configRevision: 0, pendingRuns: [] },
  announced: { level: "healthy", epoch: 4 },
};

const levels = (cpu: number, memory = 0) => [cpu, memory, 0, 0];

describe("health", () => {
  it("rises after two heartbeats, to the level that both reach", () => {
    expect(judgeMetrics({ metrics: [hot, good, good], current: levels(0) })).toEqual(levels(0));
    expect(judgeMetrics({ metrics: [hot, warm, good], current: levels(0) })).toEqual(levels(1));
    expect(judgeMetrics({ metrics: [hot, hot], current: levels(1) })).toEqual(levels(2));
    expect(judgeMetrics({ metrics: [hot], current: levels(0) })).toEqual(levels(0));
  });

  it("falls after three, to the worst of them", () => {
    expect(judgeMetrics({ metrics: [good, good, hot], current: levels(2) })).toEqual(levels(2));
    expect(judgeMetrics({ metrics: [good, good, warm], current: levels(2) })).toEqual(levels(1));
    expect(judgeMetrics({ metrics: [good, good, good], current: levels(2) })).toEqual(levels(0));
    expect(judgeMetrics({ metrics: [good, good, undefined], current: levels(1) })).toEqual(levels(1));
  });

  it("judges each metric by itself: two that are high in turn are not one that holds", () => {
    const full = { ...good, memoryPercent: 90 };
    expect(judgeMetrics({ metrics: [warm, full, warm], current: levels(0) })).toEqual(levels(0));
    expect(judgeMetrics({ metrics: [full, full, warm], current: levels(1) })).toEqual(levels(1, 1));
  });

  it("uses a node's own thresholds", () => {
    const thresholds = { cpuPercent: [5, 8] as const };
    expect(judgeMetrics({ metrics: [good, good, good], current: levels(0), thresholds })).toEqual(levels(2));
  });

  it("settles: what was just judged is judged the same again", () => {
    const set = fc.constantFrom(good, warm, hot, undefined);
    const level = fc.integer({ min: 0, max: 2 });
    fc.assert(
      fc.property(fc.array(set, { maxLength: 3 }), level, (list, cpu) => {
        const once = judgeMetrics({ metrics: list, current: levels(cpu) });
        expect(judgeMetrics({ metrics: list, current: once })).toEqual(once);
      }),
    );
  });

  it("is offline after twice the longer interval, and before the first heartbeat", () => {
    expect(isOffline(presence, startMs + 120_000)).toBe(false);
    expect(isOffline(presence, startMs + 120_001)).toBe(true);
    expect(isOffline({ ...presence, sequence: 0 }, startMs)).toBe(true);
  });

  it("has work while the level is not the announced one, and none after", () => {
    const change = transition(presence, startMs + 200_000);
    expect(change).toEqual({ level: "offline", epoch: 5 });
    expect(transition({ ...presence, announced: { level: "offline", epoch: 5 } }, startMs + 200_000)).toBeUndefined();
    expect(transition({ ...presence, announced: { level: "offline", epoch: 5 }, m1: good }, startMs)).toMatchObject({
      level: "healthy",
      epoch: 6,
    });
  });

  it("has work when something else is wrong at the same level", () => {
    const announced = { level: "warning" as const, epoch: 1, metrics: levels(1), conditions: 0 };
    const warning = { ...presence, announced, m1: warm, m2: warm, m3: warm };
    expect(transition(warning, startMs)).toBeUndefined();
    const conditions = keepConditions([{ kind: "service", subject: "nginx", level: "warning", since: 5 }]);
    const change = transition({ ...warning, conditions }, startMs);
    expect(change).toMatchObject({ level: "warning", epoch: 2, metrics: levels(1) });
    if (change === undefined) return;
    const after = { ...warning, conditions, announced: change };
    expect(transition(after, startMs)).toBeUndefined();
    expect(causesOf(after)).toEqual([
      { part: "cpuPercent", level: "warning" },
      { part: "service:nginx", level: "warning" },
    ]);
  });

  it("is as bad as the worst condition at once: the agent has watched it for long enough", () => {
    const conditions = keepConditions([{ kind: "drive", subject: "sda", level: "critical" }]);
    expect(transition({ ...presence, m1: good, conditions }, startMs)).toMatchObject({ level: "critical" });
  });

  it("remembers through a silence what was wrong before it", () => {
    const announced = { level: "warning" as const, epoch: 1, metrics: levels(1), conditions: 0 };
    const silent = { ...presence, announced, m1: warm, m2: warm, m3: warm };
    const offline = transition(silent, startMs + 200_000);
    expect(offline).toEqual({ ...announced, level: "offline", epoch: 2 });
    if (offline === undefined) return;
    expect(transition({ ...silent, announced: offline, m1: good }, startMs)).toMatchObject({
      level: "warning",
      metrics: levels(1),
    });
  });
});

describe("conditions", () => {
  const condition = fc.record(
    {
      kind: fc.constantFrom("service", "drive", "disk", "smart-log"),
      subject: fc.string({ minLength: 1, maxLength: 100, unit: "grapheme" }),
      level: fc.constantFrom("warning" as const, "critical" as const),
      since: fc.nat(),
    },
    { requiredKeys: ["kind", "level"] },
  );

  it("are the same however they are told, and as they are read again", () => {
    fc.assert(
      fc.property(fc.array(condition, { maxLength: 20 }), fc.nat(), (told, turn) => {
        const kept = keepConditions(told);
        const turned = [...told.slice(turn % 20), ...told.slice(0, turn % 20)];
        expect(keepConditions(turned)).toEqual(kept);
        expect(keepConditions(kept)).toEqual(kept);
        expect(kept.map(lineOf).map(conditionOf)).toEqual(kept);
        expect(new TextEncoder().encode(kept.map(lineOf).join("\n")).length).toBeLessThanOrEqual(120);
      }),
    );
  });

  it("are never lost in silence: some of them are kept, the worst first, and it is known that there is more", () => {
    fc.assert(
      fc.property(fc.array(condition, { minLength: 1, maxLength: 20 }), (told) => {
        const kept = keepConditions(told);
        expect(kept[0]?.kind).not.toBe("+");
        expect(kept[0]?.level).toBe(told.some(({ level }) => level === "critical") ? "critical" : "warning");
        // Whatever a node tells beside it, one thing is called the same.
        const alone = told.flatMap((one) => keepConditions([one])).map(lineOf);
        const names = kept.map(lineOf).filter((line) => line !== "+");
        expect(names.every((line) => alone.includes(line))).toBe(true);
        expect(holdsMore(kept)).toBe(names.length < new Set(alone).size);
      }),
    );
    const cyrillic = { kind: "disk", subject: `/${"я".repeat(60)}`, level: "critical" as const };
    const reboot = { kind: "reboot", level: "warning" as const };
    expect(keepConditions([reboot, cyrillic])).toEqual([{ ...cyrillic, subject: `/${"я".repeat(25)}` }, reboot]);
  });

  it("that no longer fit are still so, until it is known that they are over", () => {
    const units = (count: number, level: "warning" | "critical") =>
      Array.from({ length: count }, (_, at) => ({ kind: "service", subject: `${level}-${at}-of-many`, level }));
    const stillOf = (known: { part: string; level: "warning" | "critical" }[], told: Condition[]) =>
      stillCauses(known, { announced: { level: "critical", epoch: 1 }, conditions: keepConditions(told) });
    const before = stillOf([], units(3, "warning"));
    expect(before).toHaveLength(3);
    const pushedOut = stillOf(before, [...units(4, "critical"), ...units(3, "warning")]);
    expect(pushedOut.map(({ part }) => part)).toEqual(expect.arrayContaining(before.map(({ part }) => part)));
    expect(pushedOut.map(({ part }) => part)).not.toContain("+");
    expect(stillOf(pushedOut, units(1, "warning"))).toEqual(before.slice(0, 1));
  });

  it("keep the worst where there is no room for all", () => {
    const many = Array.from({ length: 19 }, (_, at) => ({
      kind: "service",
      subject: `unit-${at}.service`,
      level: "warning" as const,
    }));
    const worst = { kind: "zfs", subject: "tank", level: "critical" as const };
    expect(keepConditions([...many, worst])[0]).toEqual(worst);
  });
});
