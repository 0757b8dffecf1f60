import fc from "fast-check";
import { expect, it } from "vitest";
import { groupRuns, shownAppliances } from "./group-runs.ts";
import { newRun } from "./new-run.ts";
import { isOverdue, judgeStuck, overdueEvent } from "./judge-stuck.ts";
import type { RunState } from "./run-state.ts";

const run = (index: number, changes: Partial<RunState> = {}): RunState => ({
  ...newRun(
    {
      tenantId: "ten_a",
      runId: `run_${index}`,
      rolloutId: "rlt_a",
      taskId: "tsk_a",
      applianceId: `apl_${index}`,
      applianceName: `nas-${index % 7}`,
      wave: 1,
      expiresAtMs: 1_000_000,
      allowedMs: 60_000,
    },
    0,
  ),
  ...changes,
});

it("every run is in exactly one group, with all that are alike and no other, the largest first", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 80 }), (reasons) => {
      const runs = reasons.map((reason, index) => run(index, { reason }));
      const groups = groupRuns(runs, ({ reason }) => ({ reason }));
      expect(new Set(groups.map(({ reason }) => reason)).size).toBe(groups.length);
      for (const { reason, count, appliances } of groups) {
        const alike = runs.filter((one) => one.reason === reason);
        expect(count).toBe(alike.length);
        expect(appliances).toHaveLength(Math.min(count, shownAppliances));
        for (const { id } of appliances) expect(alike.some(({ applianceId }) => applianceId === id)).toBe(true);
      }
      const counts = groups.map(({ count }) => count);
      expect(counts).toEqual(counts.toSorted((a, b) => b - a));
      expect(groupRuns(runs.toReversed(), ({ reason }) => ({ reason }))).toHaveLength(groups.length);
    }),
  );
});

it("what is not part of the key does not part them", () => {
  const groups = groupRuns(
    [run(1, { reason: "x" }), run(2, { reason: "y" })],
    ({ reason, status }) => ({ reason, status }),
    ({ status }) => status,
  );
  expect(groups).toMatchObject([{ count: 2, status: "pending", reason: "x" }]);
});

it("a run is stuck where nothing moves it, and says why", () => {
  const minuteMs = 60_000;
  expect(judgeStuck(run(1), 5)).toBeUndefined();
  const sent = run(1, { status: "sent", sentAtMs: 0, rings: 3 });
  expect(judgeStuck(sent, 9 * minuteMs)).toBeUndefined();
  expect(judgeStuck(sent, 11 * minuteMs)).toMatchObject({
    forSeconds: 660,
    why: expect.stringContaining("rung 3 times"),
  });
  const running = run(1, { status: "running", sentAtMs: 0, startedAtMs: 0, dueAtMs: minuteMs });
  expect(judgeStuck(running, minuteMs - 1)).toBeUndefined();
  expect(isOverdue(running, minuteMs)).toBe(true);
  expect(judgeStuck(running, 2 * minuteMs)).toMatchObject({ forSeconds: 60, why: expect.stringContaining("deadline") });
  expect(overdueEvent(running)).toBe("pass_deadline");
  expect(overdueEvent(sent)).toBe("expire");
  const ended = run(1, { status: "succeeded", dueAtMs: 1 });
  expect(isOverdue(ended, minuteMs)).toBe(false);
  expect(judgeStuck(ended, minuteMs)).toBeUndefined();
});
