import type { Metrics } from "@steward/contracts/heartbeat";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs } from "../../test/fixtures.ts";
import { isOffline, judgeHealth, transition } from "./health.ts";
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

describe("health", () => {
  it("rises after two heartbeats, to the level that both reach", () => {
    expect(judgeHealth({ metrics: [hot, good, good], current: "healthy" })).toBe("healthy");
    expect(judgeHealth({ metrics: [hot, warm, good], current: "healthy" })).toBe("warning");
    expect(judgeHealth({ metrics: [hot, hot], current: "warning" })).toBe("critical");
    expect(judgeHealth({ metrics: [hot], current: "healthy" })).toBe("healthy");
  });

  it("falls after three, to the worst of them", () => {
    expect(judgeHealth({ metrics: [good, good, hot], current: "critical" })).toBe("critical");
    expect(judgeHealth({ metrics: [good, good, warm], current: "critical" })).toBe("warning");
    expect(judgeHealth({ metrics: [good, good, good], current: "critical" })).toBe("healthy");
    expect(judgeHealth({ metrics: [good, good, undefined], current: "warning" })).toBe("warning");
  });

  it("uses a node's own thresholds", () => {
    const thresholds = { cpuPercent: [5, 8] as const };
    expect(judgeHealth({ metrics: [good, good, good], current: "healthy", thresholds })).toBe("critical");
  });

  it("settles: what was just judged is judged the same again", () => {
    const set = fc.constantFrom(good, warm, hot, undefined);
    const level = fc.constantFrom("healthy" as const, "warning" as const, "critical" as const);
    fc.assert(
      fc.property(fc.array(set, { maxLength: 3 }), level, (list, current) => {
        const once = judgeHealth({ metrics: list, current });
        expect(judgeHealth({ metrics: list, current: once })).toBe(once);
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
    expect(transition({ ...presence, announced: { level: "offline", epoch: 5 }, m1: good }, startMs)).toEqual({
      level: "healthy",
      epoch: 6,
    });
  });
});
