import { taskStatuses, tiers } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { graphOf, stationsOf, wentBy } from "./flow-graph.ts";
import { overTime, spans, stepText } from "./over-time.ts";
import { layoutOf, pathOf } from "./sankey-layout.ts";

type Task = Parameters<typeof stationsOf>[0];
const plan = {} as NonNullable<Task["plan"]>;
const task = fc
  .record({
    kind: fc.constantFrom("support" as const, "action" as const),
    status: fc.constantFrom(...taskStatuses),
    words: fc.boolean(),
    planned: fc.boolean(),
    tier: fc.option(fc.constantFrom(...tiers)),
    short: fc.boolean(),
    decision: fc.option(fc.constantFrom("allow" as const, "needs_approval" as const, "deny" as const)),
    approved: fc.boolean(),
  })
  .map(
    ({ kind, status, words, planned, tier, short, decision, approved }): Task => ({
      kind,
      status,
      ...(words ? { instruction: "x" } : {}),
      ...(planned ? { plan } : {}),
      ...(tier === null
        ? {}
        : {
            planning: {
              tier,
              latencyMs: 1,
              tiers: [{ tier, latencyMs: 1, attempts: 1, ...(short ? { fellShort: "no" } : {}) }],
            } as never,
          }),
      ...(decision === null ? {} : { gate: { decision, reasons: [] } }),
      ...(approved ? { approval: { by: "per_x", at: "2026-11-26T00:00:00.000Z" } as never } : {}),
    }),
  );
const tasks = fc.array(task, { maxLength: 60 });

describe("the diagram of requests", () => {
  it("loses nobody on the way: what goes into a station comes out of it", () => {
    fc.assert(
      fc.property(tasks, (list) => {
        const { stations, ways } = graphOf(list);
        for (const column of [0, 1, 2, 3]) {
          const here = stations.filter((one) => one.column === column);
          expect(here.reduce((sum, { count }) => sum + count, 0)).toBe(list.length);
        }
        for (const { id, column, count } of stations) {
          const into = ways.filter(({ to }) => to === id).reduce((sum, way) => sum + way.count, 0);
          const out = ways.filter(({ from }) => from === id).reduce((sum, way) => sum + way.count, 0);
          if (column > 0) expect(into).toBe(count);
          if (column < 3) expect(out).toBe(count);
          expect(list.filter((one) => wentBy(one, id)).length).toBe(count);
        }
        for (const way of ways)
          expect(list.filter((one) => wentBy(one, `${way.from}>${way.to}`)).length).toBe(way.count);
      }),
    );
  });

  it("fits, and a band is as thick at both of its ends as its requests are many", () => {
    fc.assert(
      fc.property(tasks, (list) => {
        const size = { width: 900, height: 320, boxWidth: 12, gap: 20, columns: 4 };
        const { boxes, bands } = layoutOf(graphOf(list), size);
        for (const box of boxes) {
          expect(box.y).toBeGreaterThanOrEqual(0);
          expect(box.y + box.height).toBeLessThanOrEqual(size.height + 0.001);
        }
        for (const box of boxes) {
          const from = bands.filter((band) => band.from === box.id);
          const sum = from.reduce((total, { thickness }) => total + thickness, 0);
          if (box.column < 3) expect(sum).toBeCloseTo(box.height, 6);
          for (const band of from) {
            expect(band.y0).toBeGreaterThanOrEqual(box.y - 1e-6);
            expect(band.y0 + band.thickness).toBeLessThanOrEqual(box.y + box.height + 1e-6);
            expect(pathOf(band)).not.toContain("NaN");
          }
        }
      }),
    );
  });

  it("knows who understood it", () => {
    const asked = { kind: "action", status: "failed", instruction: "x" } as const;
    const use = (tier: "ollama" | "claude", fellShort?: string) => ({ tier, latencyMs: 1, attempts: 1, fellShort });
    const planning = (...list: object[]) => ({ tier: "claude", latencyMs: 1, tiers: list }) as never;
    expect(stationsOf({ ...asked, planning: planning(use("ollama", "no"), use("claude", "no key")) })).toEqual([
      "asked:wish",
      "by:nobody",
      "gate:none",
      "outcome:failed",
    ]);
    expect(stationsOf({ ...asked, plan, planning: planning(use("ollama", "no"), use("claude")) })[1]).toBe("by:claude");
    expect(stationsOf({ ...asked, plan })[1]).toBe("by:matcher");
    expect(stationsOf({ ...asked, status: "thinking" })[1]).toBe("by:yet");
    expect(stationsOf({ kind: "action", status: "running", plan })[1]).toBe("by:given");
    expect(
      stationsOf({ ...asked, plan, status: "awaiting_approval", gate: { decision: "needs_approval", reasons: [] } })[2],
    ).toBe("gate:waits");
  });
});

describe("requests over time", () => {
  it("are each counted once, in few enough steps", () => {
    const now = Date.parse("2026-11-26T14:00:00Z");
    const past = fc.record({ status: fc.constantFrom(...taskStatuses), agoS: fc.nat({ max: 40 * 86_400 }) });
    fc.assert(
      fc.property(fc.array(past), (list) => {
        const made = list.map(({ status, agoS }) => ({
          status,
          createdAt: new Date(now - agoS * 1000).toISOString(),
          updatedAt: new Date(now).toISOString(),
        }));
        const { atMs, well, badly, otherwise, open } = overTime(made, now);
        const all = [...well, ...badly, ...otherwise, ...open].reduce((sum, one) => sum + one, 0);
        expect(all).toBe(list.length);
        expect(atMs.length).toBeLessThanOrEqual(50);
      }),
    );
  });

  it("are said in words, with how long they took", () => {
    expect([1, 5, 60, 180, 1_440, 10_080].map((minutes) => stepText(minutes * 60_000))).toEqual([
      "a minute",
      "5 minutes",
      "an hour",
      "3 hours",
      "a day",
      "a week",
    ]);
    const took = (seconds: number, status: "succeeded" | "running" = "succeeded") => ({
      status,
      createdAt: new Date(0).toISOString(),
      updatedAt: new Date(seconds * 1000).toISOString(),
    });
    expect(spans([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((one) => took(one)))).toEqual({ p50: 6, p90: 10, count: 10 });
    expect(spans([took(5, "running")])).toBeUndefined();
  });
});
