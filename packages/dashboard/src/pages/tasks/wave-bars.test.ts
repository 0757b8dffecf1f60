import { runStatuses } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { examplePlan, exampleTask } from "./example-task.ts";
import { budgetOf, fillingOf, rolloutNotice, segmentsOf, waveState } from "./wave-bars.ts";

const anyWave = fc
  .record({ counts: fc.dictionary(fc.constantFrom(...runStatuses), fc.integer({ min: 1, max: 50 })), more: fc.nat(20) })
  .map(({ counts, more }) => ({
    wave: 1,
    counts: counts as Record<(typeof runStatuses)[number], number>,
    total: Object.values(counts).reduce((sum, count) => sum + count, 0) + more,
  }));

describe("a wave's bar", () => {
  test("has exactly its appliances, each once, whatever state they are in", () => {
    fc.assert(
      fc.property(anyWave, (wave) => {
        const segments = segmentsOf(wave);
        expect(segments.reduce((sum, { count }) => sum + count, 0)).toBe(wave.total);
        expect(new Set(segments.map(({ status }) => status)).size).toBe(segments.length);
        for (const { count } of segments) expect(count).toBeGreaterThan(0);
      }),
    );
  });

  test("counts nobody twice: ended, under way and to come are all of them", () => {
    fc.assert(
      fc.property(anyWave, (wave) => {
        const { ended, underWay, bad, total } = fillingOf([wave]);
        const toCome = segmentsOf(wave).find(({ status }) => status === "pending")?.count ?? 0;
        expect(ended + underWay + toCome).toBe(total);
        expect(bad).toBeLessThanOrEqual(ended);
      }),
    );
  });
});

describe("where a wave is", () => {
  const wave = (counts: object, total = 2) => ({ wave: 1, total, counts });
  test.each([
    ["to come", {}, {}],
    ["to come", { pending: 2 }, {}],
    ["under way", { running: 1 }, {}],
    ["under way", { succeeded: 1 }, {}],
    ["done", { succeeded: 2 }, {}],
    ["waits", { succeeded: 2 }, { paused: { since: "2026-01-05T10:00:00.000Z", afterWave: 1 } }],
    ["stopped", { failed: 1 }, { stopped: { cause: "canary", wave: 1, why: "it failed" } }],
  ] as const)("%s with %o", (state, counts, more) => {
    expect(waveState(wave(counts), exampleTask({ rollout: { status: "running", ...more } }))).toBe(state);
  });
});

describe("the error budget", () => {
  const plan = (errorBudget?: { percent: number } | { count: number }) => ({
    ...examplePlan,
    rollout: { ...examplePlan.rollout, ...(errorBudget === undefined ? {} : { errorBudget }) },
  });
  const waves = [
    { wave: 1, total: 10, counts: { succeeded: 8, failed: 2 } },
    { wave: 2, total: 90, counts: {} },
  ];
  test("without one none may fail", () => {
    expect(budgetOf(plan(), waves)).toEqual({ allowed: 0, failed: 2, text: "None may fail; 2 have" });
  });
  test("in percent it is of the waves that have begun", () => {
    expect(budgetOf(plan({ percent: 20 }), waves)).toMatchObject({ allowed: 2, failed: 2 });
  });
  test("of a single appliance there is none", () => {
    expect(budgetOf({ ...plan(), targets: ["apl_1"] }, [{ wave: 1, total: 1, counts: {} }])).toBeUndefined();
  });
});

test("a pause says whose word it waits for, a stop in which wave and why", () => {
  const since = "2026-01-05T10:00:00.000Z";
  const noticeOf = (rollout: object) => rolloutNotice(exampleTask({ rollout: { status: "running", ...rollout } }));
  expect(noticeOf({ paused: { since, reason: "lunch" } })).toEqual({
    tone: "wait",
    text: "Paused. What was sent goes on.",
    why: "lunch",
  });
  expect(noticeOf({ paused: { since, afterWave: 1 } })?.text).toBe(
    "Wave 1 is done; the next one waits for somebody's word.",
  );
  expect(noticeOf({ stopped: { cause: "canary", wave: 1, why: "bert failed" } })?.text).toBe(
    "Stopped in the first wave, the canary: bert failed",
  );
  expect(noticeOf({ hold: "a window holds it" })?.tone).toBe("still");
  expect(noticeOf({})).toBeUndefined();
});
