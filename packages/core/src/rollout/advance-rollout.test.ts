import { runHasEnded } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rolloutId, signed, startMs, testPlan, testTask } from "../../test/fixtures.ts";
import { reduceRun } from "../run/reduce-run.ts";
import type { RunEvent, RunState } from "../run/run-state.ts";
import { advanceRollout } from "./advance-rollout.ts";
import type { Seen } from "./fleet-view.ts";
import { judgeLateStart } from "./judge-late-start.ts";
import { newRollout } from "./new-rollout.ts";
import { awayAfterMs } from "./recount.ts";
import { reduceRollout } from "./reduce-rollout.ts";
import type { RolloutState } from "./rollout-state.ts";

function rolloutOf(count: number, maxConcurrency = 100, changes: Partial<RolloutState> = {}): RolloutState {
  const task = testTask(count);
  const rollout = newRollout({ ...task, plan: testPlan(task) }, rolloutId, startMs);
  // One wave, and none stops the others.
  const { waveOf: _waves, ...rest } = rollout;
  const parameters = { ...rollout.parameters, maxConcurrency, errorBudget: { count: 100 } };
  return { ...rest, parameters, ...changes };
}

/** What the dispatcher does with the effects, in memory. */
function carryOut(rollout: RolloutState, runs: RunState[], nowMs: number): { rollout: RolloutState; runs: RunState[] } {
  const { state, effects } = advanceRollout(rollout, runs, nowMs);
  const map = new Map(runs.map((run) => [run.runId, run]));
  const change = (runId: string, event: RunEvent) => {
    const run = map.get(runId);
    if (run !== undefined) map.set(runId, reduceRun(run, event, nowMs).state);
  };
  for (const effect of effects) {
    if (effect.type === "create_runs") for (const run of effect.runs) map.set(run.runId, map.get(run.runId) ?? run);
    if (effect.type === "send_run") change(effect.runId, { type: "send", envelope: signed });
    if (effect.type === "ring") for (const runId of effect.runIds) change(runId, { type: "ring" });
    if (effect.type === "cancel_runs") for (const runId of effect.runIds) change(runId, { type: "cancel" });
  }
  return { rollout: state, runs: [...map.values()] };
}

const step = (run: RunState, nowMs: number, outcome: "succeeded" | "failed"): RunState => {
  if (run.status === "sent") {
    return reduceRun(run, { type: "start", attempt: 1, ledgerId: "l", executor: "ansible" }, nowMs).state;
  }
  if (run.status !== "running") return run;
  const result: RunEvent = {
    type: "result",
    attempt: 1,
    ledgerId: "l",
    executor: "ansible",
    status: outcome,
    steps: [],
  };
  return reduceRun(run, result, nowMs).state;
};

describe("a rollout", () => {
  it("reaches every appliance once and ends with the outcome of all, never above its concurrency", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.infiniteStream(fc.tuple(fc.nat(20), fc.boolean())),
        (count, maxConcurrency, moves) => {
          let rollout = rolloutOf(count, maxConcurrency);
          let runs: RunState[] = [];
          let nowMs = startMs;
          for (let round = 0; rollout.status === "running" && round < 2_000; round += 1) {
            nowMs += 1_000;
            ({ rollout, runs } = carryOut(rollout, runs, nowMs));
            const fromMs = nowMs - 10 * 60_000;
            const busy = runs.filter(
              (run) => run.status === "running" || (run.status === "sent" && (run.sentAtMs ?? 0) > fromMs),
            );
            expect(busy.length).toBeLessThanOrEqual(maxConcurrency);
            if (rollout.status !== "running") break;
            expect(rollout.dueAtMs ?? 0).toBeLessThanOrEqual(nowMs + 60_000);
            const [pick, succeeds] = moves.next().value;
            const at = pick % Math.max(1, runs.length);
            runs = runs.map((run, k) => (k === at ? step(run, nowMs, succeeds ? "succeeded" : "failed") : run));
          }
          expect(runs).toHaveLength(count);
          expect(new Set(runs.map((run) => run.applianceId)).size).toBe(count);
          expect(runs.every((run) => runHasEnded(run.status))).toBe(true);
          const hasSucceeded = runs.some((run) => run.status === "succeeded");
          expect(rollout.status).toBe(hasSucceeded ? "succeeded" : "failed");
          expect(rollout.dueAtMs).toBeUndefined();
        },
      ),
      { numRuns: 40 },
    );
  });

  it("does not let appliances that are away keep the others waiting", () => {
    let { rollout, runs } = carryOut(rolloutOf(3, 1), [], startMs);
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    const statuses = () => runs.map((run) => run.status);
    expect(statuses()).toEqual(["sent", "pending", "pending"]);
    ({ rollout, runs } = carryOut(rollout, runs, startMs + 9 * 60_000));
    expect(statuses()).toEqual(["sent", "pending", "pending"]);
    ({ rollout, runs } = carryOut(rollout, runs, startMs + 10 * 60_000));
    expect(statuses()).toEqual(["sent", "sent", "pending"]);
  });

  it("keeps the next place for one that came back and found none, as long as it asks", () => {
    let { rollout, runs } = carryOut(rolloutOf(3, 1), [], startMs);
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    const awayMs = startMs + awayAfterMs;
    ({ rollout, runs } = carryOut(rollout, runs, awayMs));
    const change = (index: number, event: RunEvent, nowMs: number) => {
      runs = runs.map((run, at) => (at === index ? reduceRun(run, event, nowMs).state : run));
    };
    const start: RunEvent = { type: "start", attempt: 1, ledgerId: "l", executor: "ansible" };
    change(1, start, awayMs);
    expect(judgeLateStart(rollout, runs, runs[0] as RunState, awayMs)).toMatchObject({ isFull: true });
    change(0, { type: "await_place" }, awayMs);
    runs = runs.map((run, at) => (at === 1 ? step(run, awayMs + 1, "succeeded") : run));

    const statuses = () => runs.map((run) => run.status);
    ({ rollout, runs } = carryOut(rollout, runs, awayMs + 2));
    expect(statuses()).toEqual(["sent", "succeeded", "pending"]);
    expect(judgeLateStart(rollout, runs, runs[0] as RunState, awayMs + 3)).toBeUndefined();
    // It is gone again.
    ({ rollout, runs } = carryOut(rollout, runs, awayMs + awayAfterMs));
    expect(statuses()).toEqual(["sent", "succeeded", "sent"]);
  });

  it("creates only what a killed dispatcher left out", () => {
    const rollout = rolloutOf(3);
    const { runs } = carryOut(rollout, [], startMs);
    const { effects } = advanceRollout(rollout, runs.slice(0, 2), startMs);
    expect(effects[0]).toMatchObject({ type: "create_runs", runs: [{ runId: runs[2]?.runId }] });
  });

  it("changes nothing while nothing is to be done, and looks again after a minute", () => {
    let { rollout, runs } = carryOut(rolloutOf(1), [], startMs);
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    expect(advanceRollout(rollout, runs, startMs + 1)).toEqual({ state: rollout, effects: [] });
    expect(advanceRollout(rollout, runs, startMs + 1).state).toBe(rollout);
    expect(advanceRollout(rollout, runs, startMs + 60_000).effects).toEqual([
      { type: "ring", runIds: [runs[0]?.runId] },
    ]);
  });

  it("ends as simulated where nothing was changed, and as expired where nothing was reached", () => {
    const { rollout, runs } = carryOut(rolloutOf(2), [], startMs);
    const all = (status: RunState["status"]) => runs.map((run) => ({ ...run, status }));
    expect(advanceRollout(rollout, all("simulated"), startMs).state).toMatchObject({
      status: "succeeded",
      result: { status: "simulated" },
    });
    const expired = advanceRollout(rollout, all("expired"), startMs).state;
    expect(expired).toMatchObject({ status: "failed", result: { status: "expired", counts: { expired: 2 } } });
    const [first, second] = runs;
    if (first === undefined || second === undefined) throw new Error("two runs expected");
    const mixed = [
      { ...first, status: "succeeded" as const },
      { ...second, status: "failed" as const, reason: "disk full" },
    ];
    const strict = { ...rollout, parameters: { ...rollout.parameters, errorBudget: { count: 0 } } };
    expect(advanceRollout(strict, mixed, startMs).state.result).toEqual({
      status: "failed",
      message: "Of 2 appliances: 1 succeeded, 1 failed. nas-2: disk full.",
      counts: { succeeded: 1, failed: 1 },
    });
  });

  it("cancels what has not started and waits for what has", () => {
    let { rollout, runs } = carryOut(rolloutOf(2, 1), [], startMs);
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    runs = runs.map((run) => (run.status === "sent" ? step(run, startMs, "succeeded") : run));
    rollout = reduceRollout(rollout, { type: "cancel", reason: "wrong appliance" }, startMs);
    expect(reduceRollout(rollout, { type: "cancel", reason: "again" }, startMs)).toBe(rollout);
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    expect(runs.map((run) => run.status).sort()).toEqual(["cancelled", "running"]);
    expect(rollout.status).toBe("cancelling");
    runs = runs.map((run) => step(run, startMs, "succeeded"));
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    expect(rollout).toMatchObject({
      status: "cancelled",
      result: { status: "cancelled", counts: { succeeded: 1, cancelled: 1 } },
    });
  });

  it("that its health stops after the last run says which appliance fell ill", () => {
    const parameters = { ...rolloutOf(1).parameters, healthGate: { heartbeats: 1 } };
    const rollout = rolloutOf(1, 100, { parameters });
    const well = { health: "healthy", healthSinceMs: 0, lastSeenAtMs: startMs, intervalMs: 60_000, sites: [] } as const;
    const [target] = rollout.targets;
    const fleetOf = (seen: Seen) => new Map([[target?.id ?? "", seen]]);
    const [made] = advanceRollout(rollout, [], startMs, fleetOf(well)).effects;
    if (made?.type !== "create_runs") throw new Error("runs expected");
    const sent = made.runs.map((run) => reduceRun(run, { type: "send", envelope: signed }, startMs).state);
    const runs = sent.map((run) => step(step(run, startMs, "succeeded"), startMs, "succeeded"));
    const ill = fleetOf({ ...well, health: "critical", healthSinceMs: startMs + 1, lastSeenAtMs: startMs + 1 });
    expect(advanceRollout(rollout, runs, startMs + 2, ill).state).toMatchObject({
      status: "failed",
      result: {
        message: "nas-1 became critical after it was changed. Of 1 appliance: 1 succeeded.",
        stopped: "health",
      },
    });
  });

  it("that is paused just after a retry is not stopped by what failed before it", () => {
    let { rollout, runs } = carryOut(rolloutOf(2), [], startMs);
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    const strict = { ...rollout.parameters, errorBudget: { count: 0 } };
    rollout = { ...rollout, parameters: strict };
    for (let round = 0; round < 2; round += 1) runs = runs.map((run) => step(run, startMs, "failed"));
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    expect(rollout.status).toBe("failed");
    rollout = reduceRollout(rollout, { type: "retry" }, startMs);
    rollout = reduceRollout(rollout, { type: "pause" }, startMs);
    ({ rollout, runs } = carryOut(rollout, runs, startMs + 1));
    expect(rollout).toMatchObject({ status: "paused" });
    expect(rollout.stop).toBeUndefined();
  });

  it("is undone where a run failed half-way and its second try was cancelled before it began", () => {
    let { rollout, runs } = carryOut(rolloutOf(1, 100, { undoable: true }), [], startMs);
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    for (let round = 0; round < 2; round += 1) runs = runs.map((run) => step(run, startMs, "failed"));
    ({ rollout, runs } = carryOut(rollout, runs, startMs));
    expect(rollout.requestId).toBe(testTask().requestId);
    rollout = reduceRollout(rollout, { type: "retry", requestId: "of the retry" }, startMs);
    const again: RunEvent = { type: "retry", round: 1 };
    runs = runs.map((run) => reduceRun(run, again, startMs).state);
    rollout = reduceRollout(rollout, { type: "cancel" }, startMs);
    // Who stops it asks for nothing that would be done.
    expect(rollout.requestId).toBe("of the retry");
    for (let round = 0; round < 2; round += 1) ({ rollout, runs } = carryOut(rollout, runs, startMs));
    expect(rollout).toMatchObject({ status: "cancelled", result: { counts: { cancelled: 1 } } });
    rollout = reduceRollout(rollout, { type: "undo" }, startMs);
    expect(advanceRollout(rollout, runs, startMs).effects[0]).toMatchObject({ type: "undo_runs" });
  });

  it("that was cancelled before anything began has nothing to undo, and says so", () => {
    let { rollout, runs } = carryOut(rolloutOf(1, 100, { undoable: true }), [], startMs);
    rollout = reduceRollout(rollout, { type: "cancel" }, startMs);
    for (let round = 0; round < 2; round += 1) ({ rollout, runs } = carryOut(rollout, runs, startMs));
    expect(() => reduceRollout(rollout, { type: "undo" }, startMs)).toThrow(/nothing to undo/);
    // Tried again and cancelled once more: only the runs know.
    rollout = reduceRollout({ ...rollout, round: 1 }, { type: "undo" }, startMs);
    expect(advanceRollout(rollout, runs, startMs).state).toMatchObject({
      status: "succeeded",
      result: { message: "Nothing was to be undone." },
    });
  });
});
