import { describe, expect, it } from "vitest";
import { rolloutId, signed, startMs, testPlan, testTask } from "../../test/fixtures.ts";
import { reduceRun } from "../run/reduce-run.ts";
import type { RunState } from "../run/run-state.ts";
import { advanceRollout } from "./advance-rollout.ts";
import { newRollout } from "./new-rollout.ts";
import { awayAfterMs } from "./recount.ts";
import type { RolloutState } from "./rollout-state.ts";

/** Four appliances: one, two, one. Any number may fail. */
function threeWaves(): { rollout: RolloutState; runs: RunState[] } {
  const task = testTask(4);
  const made = newRollout({ ...task, plan: testPlan(task) }, rolloutId, startMs);
  const parameters = { ...made.parameters, errorBudget: { count: 4 } };
  const rollout = { ...made, waveOf: [1, 2, 2, 3], parameters };
  const [effect] = advanceRollout(rollout, [], startMs).effects;
  if (effect?.type !== "create_runs") throw new Error("runs expected");
  return { rollout, runs: effect.runs };
}

const sent = (run: RunState, atMs: number): RunState => reduceRun(run, { type: "send", envelope: signed }, atMs).state;

function ended(run: RunState, status: "succeeded" | "failed", atMs: number): RunState {
  const about = { attempt: 1, ledgerId: "l", executor: "ansible" } as const;
  const started = reduceRun(run, { type: "start", ...about }, atMs).state;
  return reduceRun(started, { type: "result", ...about, status, steps: [] }, atMs).state;
}

/** The first wave has taken the change, the second has its commands. */
function inTheSecond(): { rollout: RolloutState; runs: RunState[] } {
  const { rollout, runs } = threeWaves();
  return {
    rollout,
    runs: runs.map((run) => {
      if (run.wave > 2) return run;
      return run.wave === 1 ? ended(sent(run, startMs), "succeeded", startMs) : sent(run, startMs);
    }),
  };
}

const isSent = (rollout: RolloutState, runs: RunState[], nowMs: number) =>
  advanceRollout(rollout, runs, nowMs).effects.some(({ type }) => type === "send_run");

describe("the next wave", () => {
  it("waits for a wave in which nobody took the change, however long ago it was told, and says for whom", () => {
    const { rollout, runs } = inTheSecond();
    const laterMs = startMs + 3 * awayAfterMs;
    expect(isSent(rollout, runs, laterMs)).toBe(false);
    expect(advanceRollout(rollout, runs, laterMs).state.hold).toBe(
      "Waiting for nas-2, nas-3: nothing goes on before the change has succeeded on some appliance of wave 2.",
    );
  });

  it("begins when one of it has taken the change and the others are away", () => {
    const { rollout, runs } = inTheSecond();
    const laterMs = startMs + 3 * awayAfterMs;
    const one = runs.map((run, at) => (at === 1 ? ended(run, "succeeded", laterMs) : run));
    expect(isSent(rollout, one, laterMs)).toBe(true);
  });

  it("is the error budget's where all of the wave before have failed: nobody is left to wait for", () => {
    const { rollout, runs } = inTheSecond();
    const failed = runs.map((run) => (run.wave === 2 ? ended(run, "failed", startMs) : run));
    expect(isSent(rollout, failed, startMs)).toBe(true);
  });
});
