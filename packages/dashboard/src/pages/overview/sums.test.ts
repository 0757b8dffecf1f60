import { describe, expect, it } from "vitest";
import { nearlyFull, progressOf, spendByTier, sumHistory, waitText, withLanes } from "./sums.ts";

const point = (at: string, healthy: number, offline = 0) => ({
  at,
  healthy,
  warning: 0,
  critical: 0,
  offline,
  cpuPercent: 1,
  memoryPercent: 1,
  diskPercent: 1,
});

describe("histories of several tenants", () => {
  it("are added up by step, in the order of time", () => {
    const sum = sumHistory([
      { stepSeconds: 300, points: [point("2026-11-26T10:00:00.000Z", 3), point("2026-11-26T10:05:00.000Z", 2, 1)] },
      { stepSeconds: 300, points: [point("2026-11-26T09:55:00.000Z", 9), point("2026-11-26T10:05:00.000Z", 5)] },
    ]);
    expect(sum.counts.map(({ healthy }) => healthy)).toEqual([9, 3, 7]);
    expect(sum.counts.at(-1)?.offline).toBe(1);
    expect(sum.atMs).toEqual(sum.atMs.toSorted((a, b) => a - b));
  });
  it("of nobody are empty", () => {
    expect(sumHistory([])).toEqual({ atMs: [], counts: [] });
  });
});

describe("lanes that are watched", () => {
  const lane = (queued: number) => [{ lane: "express", queued, inFlight: 1 }] as never;
  it("keep what was seen, and no more than is drawn", () => {
    let samples = {};
    for (let at = 0; at < 500; at += 1) samples = withLanes(samples, lane(at), at * 2_000);
    const seen = (samples as Record<string, { queued: number }[]>)["express"];
    expect(seen).toHaveLength(180);
    expect(seen?.at(-1)?.queued).toBe(499);
  });
  it("count one answer once, however often it is drawn", () => {
    const once = withLanes({}, lane(1), 10_000);
    expect(withLanes(once, lane(1), 10_500)).toBe(once);
  });
});

describe("a rollout", () => {
  it("is as far as its runs have ended", () => {
    expect(
      progressOf([
        { wave: 1, total: 1, counts: { succeeded: 1 } },
        { wave: 2, total: 4, counts: { running: 2, failed: 1, pending: 1 } },
      ]),
    ).toEqual({ total: 5, ended: 2, failed: 1 });
  });
});

describe("spend", () => {
  it("is by tier, the dearest first", () => {
    const item = (tier: "ollama" | "claude", costUsd: number) =>
      ({ tier, jobs: 1, failures: 0, tokens: 10, seconds: 2, costUsd }) as never;
    expect(spendByTier([item("ollama", 0), item("claude", 0.5), item("ollama", 0)])).toEqual([
      { tier: "claude", jobs: 1, failures: 0, tokens: 10, seconds: 2, costUsd: 0.5 },
      { tier: "ollama", jobs: 2, failures: 0, tokens: 20, seconds: 4, costUsd: 0 },
    ]);
  });
  it("tells which quotas are nearly full, the fullest first", () => {
    const limits = (used: number, limit: number) => ({ quotas: [{ quota: "appliances", used, limit }] }) as never;
    const full = nearlyFull([
      { tenantId: "a", answer: limits(8, 10) },
      { tenantId: "b", answer: limits(1, 10) },
      { tenantId: "c", answer: limits(3, 0) },
      { tenantId: "d", answer: limits(0, 0) },
      { tenantId: "e", answer: limits(12, 10) },
    ]);
    expect(full.map(({ tenantId }) => tenantId)).toEqual(["e", "c", "a"]);
  });
});

it("an expected wait is said in words", () => {
  const span = (seconds: number) => `${Math.round(seconds)} s`;
  const wait = (seconds: number, toSeconds?: number) =>
    waitText({ kind: "expected", seconds, fromSeconds: 0, toSeconds, basis: "measured" }, span);
  expect(wait(0, 0.5)).toBe("at once");
  expect(wait(0, 9)).toBe("up to 9 s");
  expect(wait(12, 40)).toBe("about 12 s");
  expect(wait(12)).toBe("12 s and growing");
  expect(waitText({ kind: "unknown", why: "no worker is alive" }, span)).toBe("nobody knows: no worker is alive");
});
