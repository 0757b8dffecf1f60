import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { RolloutRequest } from "@steward/contracts/plan";
import { advanceRollout } from "@steward/core/rollout/advance-rollout";
import { newRollout } from "@steward/core/rollout/new-rollout";
import { completeRollout, planWaves } from "@steward/core/rollout/plan-waves";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { reduceRun } from "@steward/core/run/reduce-run";
import type { RunEvent, RunState } from "@steward/core/run/run-state";
import { applianceIds, rolloutId, signed, startMs, testPlan, testTask } from "../../packages/core/test/fixtures.ts";
import {
  type Chance,
  chanceOf,
  createScheduler,
  type Scheduler,
} from "../../packages/core/test/simulation/scheduler.ts";
import { type Figure, percentile } from "./report.ts";

const appliances = 5_000;
const seed = 20_26;
/** The dispatcher of many is woken once a second, whatever has happened in it. */
const wakeMs = 1_000;
/** A run's deadline: what takes longer is over by then. */
const longestMs = 900_000;

/**
 * A rollout to 5,000 appliances by the real reducers, on a virtual clock: how long it takes against what no scheduler can
 * beat, and against one that knows of every end at once; what one decision costs; and what stays in memory.
 */
export async function benchRollout(): Promise<Figure[]> {
  const chance = chanceOf(seed);
  const durations = durationsOf(chance);
  const narrow = fanOut({ durations, concurrency: 20, request: { waves: [{ percent: 100 }] } });
  const usual = fanOut({ durations, concurrency: 100, request: {} });
  const wide = fanOut({ durations, concurrency: 500, request: { waves: [{ percent: 100 }] } });
  const mean = durations.reduce((sum, one) => sum + one, 0) / durations.length / 1_000;
  const longest = Math.max(...durations) / 1_000;
  const about = `${appliances} appliances; from command to result log-normal: mean ${mean.toFixed(0)} s, σ 1, longest ${longest.toFixed(0)} s`;
  /** What no order of the runs exceeds, as long as no place stands empty (Graham 1969). A canary runs alone before. */
  const mostMs = (concurrency: number) =>
    durations.reduce((sum, one) => sum + one, 0) / concurrency + Math.max(...durations);
  const ofBound = ({ makespanMs }: { makespanMs: number }, concurrency: number) =>
    `${(makespanMs / boundMs(durations, concurrency)).toFixed(2)} × of max(work / concurrency, longest run), which takes knowing the longest before`;
  const passMs = [...narrow.passMs, ...usual.passMs, ...wide.passMs];
  return [
    {
      name: "rollout makespan, 20 at a time",
      value: narrow.makespanMs / boundMs(durations, 20),
      unit: "×",
      bar: { at: "most", value: 1.05 },
      how: `of max(work / concurrency, longest run); ${about}; seed ${seed}; real reducers, virtual clock`,
    },
    {
      name: "rollout makespan, canary, then 100 at a time",
      value: usual.makespanMs / ((durations[0] ?? 0) + listScheduledMs(durations.slice(1), 100)),
      unit: "×",
      bar: { at: "most", value: 1.05 },
      how: `of a list scheduler that hears of every end at once; ${ofBound(usual, 100)}`,
    },
    ...(
      [
        ["canary, then 100", usual, 100, durations[0] ?? 0],
        ["500", wide, 500, 0],
      ] as const
    ).map(([name, fan, concurrency, canaryMs]) => ({
      name: `rollout makespan, ${name} at a time, of work / concurrency + longest run`,
      value: fan.makespanMs / (canaryMs + mostMs(concurrency)),
      unit: "×",
      bar: { at: "most" as const, value: 1 },
      how: `what any order keeps to that leaves no place empty; ${ofBound(fan, concurrency)}`,
    })),
    {
      name: "rollout makespan, 500 at a time",
      value: wide.makespanMs / listScheduledMs(durations, 500),
      unit: "×",
      bar: { at: "most", value: 1.05 },
      how: `of the same list scheduler; ${ofBound(wide, 500)}`,
    },
    {
      name: "one decision about a rollout",
      value: percentile(passMs, 0.5),
      unit: "ms",
      bar: { at: "most", value: 5 },
      how: `median of ${passMs.length} over ${appliances} runs; p99 ${percentile(passMs, 0.99).toFixed(2)} ms`,
    },
    {
      name: "live heap that grows with a run",
      value: narrow.heapPerRunBytes,
      unit: "bytes",
      bar: { at: "most", value: 1_000 },
      how: "from a tenth of the ends to the last: what a result itself holds, and nothing for a pass",
    },
  ];
}

interface FanOut {
  durations: readonly number[];
  concurrency: number;
  request: RolloutRequest;
}

function fanOut({ durations, concurrency, request }: FanOut) {
  const scheduler = createScheduler(startMs);
  let rollout = rolloutOf({ ...request, maxConcurrency: concurrency });
  let runs: RunState[] = [];
  const indexOf = new Map<string, number>();
  const passMs: number[] = [];
  let isWoken = false;
  let ended = 0;
  const heap: { ended: number; bytes: number }[] = [];

  const change = (runId: string, event: RunEvent) => {
    const at = indexOf.get(runId) ?? -1;
    const run = runs[at];
    if (run !== undefined) runs[at] = reduceRun(run, event, scheduler.nowMs()).state;
  };
  const wake = () => {
    if (isWoken) return;
    isWoken = true;
    scheduler.in(wakeMs, pass);
  };
  const begin = (runId: string) => {
    const takesMs = durations[indexOf.get(runId) ?? 0] ?? 0;
    const by = { attempt: 1, ledgerId: "l", executor: "simulate" } as const;
    scheduler.in(Math.min(2_000, takesMs / 2), () => change(runId, { type: "start", ...by }));
    scheduler.in(takesMs, () => {
      change(runId, { type: "result", ...by, status: "simulated", steps: [] });
      ended += 1;
      if (ended === appliances / 10 || ended === appliances) heap.push({ ended, bytes: liveHeap() });
      wake();
    });
  };
  const pass = () => {
    isWoken = false;
    for (let again = true; again; ) {
      again = false;
      const begunMs = performance.now();
      const { state, effects } = advanceRollout(rollout, runs, scheduler.nowMs());
      passMs.push(performance.now() - begunMs);
      rollout = state;
      for (const effect of effects) {
        if (effect.type === "create_runs") {
          runs = effect.runs;
          runs.forEach((run, at) => indexOf.set(run.runId, at));
          again = true;
        }
        if (effect.type === "send_run") {
          change(effect.runId, { type: "send", envelope: signed });
          begin(effect.runId);
          again = true;
        }
        if (effect.type === "ring") for (const runId of effect.runIds) change(runId, { type: "ring" });
      }
    }
    scheduleLook(scheduler, rollout, wake);
  };
  pass();
  scheduler.run(startMs + 86_400_000, () => rollout.result !== undefined);
  if (rollout.result?.status !== "simulated") throw new Error(`the rollout ended as ${rollout.result?.message}`);
  const [early, late] = heap;
  const heapPerRunBytes =
    early === undefined || late === undefined ? Number.NaN : (late.bytes - early.bytes) / (late.ended - early.ended);
  return { makespanMs: scheduler.nowMs() - startMs, passMs, heapPerRunBytes };
}

/** As the reconciler does. */
function scheduleLook(scheduler: Scheduler, { dueAtMs }: RolloutState, wake: () => void): void {
  if (dueAtMs !== undefined) scheduler.at(dueAtMs, wake);
}

function rolloutOf(request: RolloutRequest): RolloutState {
  const targets = applianceIds(appliances);
  const plan = testPlan(testTask());
  const waves = planWaves(
    completeRollout(request, { onlyReads: false, several: true }),
    targets.map((id) => ({ id })),
  );
  const task = { ...testTask(), targets: targets.map((id) => ({ id, name: id })) };
  return newRollout({ ...task, plan: { ...plan, ...waves, targets } }, rolloutId, startMs);
}

function durationsOf(chance: Chance): number[] {
  return Array.from({ length: appliances }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());
    return Math.min(longestMs, Math.round(60_000 * Math.exp(normal - 0.5)));
  });
}

function boundMs(durations: readonly number[], concurrency: number): number {
  const work = durations.reduce((sum, one) => sum + one, 0);
  return Math.max(work / concurrency, Math.max(...durations));
}

/** In the order of the targets, each as soon as a place is free. */
function listScheduledMs(durations: readonly number[], places: number): number {
  const freeAtMs = Array.from({ length: places }, () => 0);
  for (const duration of durations) {
    let first = 0;
    for (let place = 1; place < places; place += 1) {
      if ((freeAtMs[place] ?? 0) < (freeAtMs[first] ?? 0)) first = place;
    }
    freeAtMs[first] = (freeAtMs[first] ?? 0) + duration;
  }
  return Math.max(...freeAtMs);
}

function liveHeap(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}
