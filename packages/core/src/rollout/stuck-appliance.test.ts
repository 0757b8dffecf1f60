import { expect, it } from "vitest";
import { applianceIds, rolloutId, signed, startMs, testPlan, testTask } from "../../test/fixtures.ts";
import { chanceOf, createScheduler } from "../../test/simulation/scheduler.ts";
import { reduceRun } from "../run/reduce-run.ts";
import type { RunEvent, RunState } from "../run/run-state.ts";
import { advanceRollout } from "./advance-rollout.ts";
import { newRollout } from "./new-rollout.ts";
import { completeRollout, planWaves } from "./plan-waves.ts";

const count = 100;

/** When each appliance's run ended, in milliseconds from the start; one of them may never answer. */
function endsOf({ stuck }: { stuck?: number }): number[] {
  const scheduler = createScheduler(startMs);
  const chance = chanceOf(7);
  const durations = Array.from({ length: count }, () => chance.between(20_000, 60_000));
  const targets = applianceIds(count);
  const waves = planWaves(
    completeRollout({ waves: [{ percent: 100 }], errorBudget: { count: 1 } }, { onlyReads: false, several: true }),
    targets.map((id) => ({ id })),
  );
  const task = { ...testTask(), targets: targets.map((id) => ({ id, name: id })) };
  const plan = { ...testPlan(testTask()), ...waves, targets };
  let rollout = newRollout(
    { ...task, plan: { ...plan, rollout: { ...plan.rollout, maxConcurrency: 20 } } },
    rolloutId,
    startMs,
  );
  let runs: RunState[] = [];
  const change = (runId: string, event: RunEvent) => {
    runs = runs.map((run) => (run.runId === runId ? reduceRun(run, event, scheduler.nowMs()).state : run));
  };
  const by = { attempt: 1, ledgerId: "l", executor: "ansible" } as const;
  const pass = () => {
    for (let again = true; again; ) {
      again = false;
      const { state, effects } = advanceRollout(rollout, runs, scheduler.nowMs());
      rollout = state;
      for (const effect of effects) {
        if (effect.type === "create_runs") runs = effect.runs;
        if (effect.type === "send_run") {
          const { runId } = effect;
          const at = runs.findIndex((run) => run.runId === runId);
          change(runId, { type: "send", envelope: signed });
          scheduler.in(1_000, () => change(runId, { type: "start", ...by }));
          if (at !== stuck) {
            scheduler.in(durations[at] ?? 0, () => {
              change(runId, { type: "result", ...by, status: "succeeded", steps: [] });
              pass();
            });
          }
        }
        again ||= effect.type === "create_runs" || effect.type === "send_run";
      }
    }
  };
  pass();
  scheduler.run(
    startMs + 3_600_000,
    () => runs.filter(({ status }) => status === "succeeded").length === count - (stuck === undefined ? 0 : 1),
  );
  return runs.flatMap(({ endedAtMs }, at) => (at === stuck ? [] : [(endedAtMs ?? Number.POSITIVE_INFINITY) - startMs]));
}

const p99 = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.ceil(list.length * 0.99) - 1] ?? 0;

it("an appliance that hangs, wherever it stands, delays the p99 of the 99 others by no more than a tenth", () => {
  const free = endsOf({});
  for (const stuck of [0, 19, 50, 99]) {
    const ends = endsOf({ stuck });
    const others = free.filter((_, at) => at !== stuck);
    expect(Math.max(...ends)).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(p99(ends) / p99(others)).toBeLessThanOrEqual(1.1);
  }
});
