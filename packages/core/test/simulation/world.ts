import { AppError } from "@steward/contracts/errors";
import type { Health } from "@steward/contracts/heartbeat";
import type { RunResult } from "@steward/contracts/run";
import { taskHasEnded } from "@steward/contracts/states";
import { advanceRollout } from "../../src/rollout/advance-rollout.ts";
import type { Fleet, Seen } from "../../src/rollout/fleet-view.ts";
import { judgeLateStart, takePlace } from "../../src/rollout/judge-late-start.ts";
import { newRollout } from "../../src/rollout/new-rollout.ts";
import { isAway } from "../../src/rollout/recount.ts";
import { reduceRollout } from "../../src/rollout/reduce-rollout.ts";
import type { RolloutEvent, RolloutState } from "../../src/rollout/rollout-state.ts";
import { awaitsStart, isUnderWay } from "../../src/run/run-phase.ts";
import { reduceRun } from "../../src/run/reduce-run.ts";
import type { RunEvent, RunState } from "../../src/run/run-state.ts";
import { reduceTask } from "../../src/task/reduce-task.ts";
import type { TaskEffect, TaskEvent, TaskState } from "../../src/task/task-state.ts";
import type { Scenario } from "./scenario.ts";
import type { Chance, Scheduler } from "./scheduler.ts";

/** What is decided by: the real ones, or one that is broken on purpose. */
export interface Reducers {
  advanceRollout: typeof advanceRollout;
  reduceRollout: typeof reduceRollout;
  reduceRun: typeof reduceRun;
  reduceTask: typeof reduceTask;
  judgeLateStart: typeof judgeLateStart;
  takePlace: typeof takePlace;
}
export const realReducers: Reducers = {
  advanceRollout,
  reduceRollout,
  reduceRun,
  reduceTask,
  judgeLateStart,
  takePlace,
};

/** Another one wrote it meanwhile. */
export class Conflict extends Error {}

/** Sees every write of a record before it is done. */
export interface Watch {
  run(before: RunState | undefined, after: RunState): void;
  rollout(before: RolloutState, after: RolloutState, by: "person" | "dispatcher"): void;
  /** Its appliance was away, is back, and was told that there is no place. */
  noPlace(run: RunState): void;
}

/**
 * The control plane as the rest sees it: records that are written on condition, a queue that may lose, repeat and delay,
 * deadlines that are enforced late, and what nodes can call. Each function is one transaction.
 */
export interface World {
  task: TaskState;
  rollout: RolloutState | undefined;
  runs: Map<string, RunState>;
  isFrozen: boolean;
  fleet: Map<string, Seen>;
  neededFleet(): Fleet;
  commitRun(before: RunState | undefined, after: RunState): void;
  /** With its task's end in the same transaction, where it has one. */
  commitRollout(before: RolloutState, after: RolloutState, endsTask: boolean, by?: "person" | "dispatcher"): void;
  changeRun(runId: string, event: RunEvent): void;
  changeTask(event: TaskEvent): void;
  changeRollout(event: RolloutEvent): void;
  sendMessage(): void;
  ring(runId: string): void;
  heartbeat(
    applianceId: string,
    about: { health: Health; beatMs: number },
  ): { serverTimeMs: number; pending: string[] };
  pendingRuns(applianceId: string): RunState[];
  start(runId: string, body: { attempt: number; ledgerId: string }): { deadlineMs: number; serverTimeMs: number };
  recordResult(runId: string, body: RunResult): void;
}

export function createWorld(options: {
  scenario: Scenario;
  task: TaskState;
  reducers: Reducers;
  scheduler: Scheduler;
  chance: Chance;
  watch: Watch;
  /** A message of the queue has arrived. */
  dispatch: () => void;
  /** The task has come to an end. */
  onEnd: () => void;
}): World {
  const { scenario, reducers, scheduler, chance, watch } = options;
  const doorbells = new Map<string, Set<string>>();
  const looks = new Set<string>();
  const now = () => scheduler.nowMs();

  /** The reconciler comes once a minute, and sometimes late. */
  function lookAt(key: string, dueAtMs: number | undefined, look: () => number | undefined): void {
    if (dueAtMs === undefined || looks.has(key)) return;
    looks.add(key);
    // Long after the plan's expiry nothing is urgent, and a simulated day costs fewer looks.
    const isOver = now() > (world.task.plan?.expiresAtMs ?? 0) + 1_800_000;
    const lateMs =
      chance.between(0, isOver ? 300_000 : 60_000) + (chance.happens(0.02) ? chance.between(0, 600_000) : 0);
    scheduler.at(Math.max(dueAtMs, now()) + lateMs, () => {
      looks.delete(key);
      lookAt(key, look(), look);
    });
  }
  const watchRun = (runId: string) =>
    lookAt(runId, world.runs.get(runId)?.dueAtMs, () => {
      const run = world.runs.get(runId);
      if (run?.dueAtMs !== undefined && run.dueAtMs <= now()) {
        const isWaiting = run.status === "pending" || run.status === "sent";
        world.changeRun(runId, { type: isWaiting ? "expire" : "pass_deadline" });
        world.sendMessage();
      }
      return world.runs.get(runId)?.dueAtMs;
    });
  const watchRollout = () =>
    lookAt("rollout", world.rollout?.dueAtMs, () => {
      const dueAtMs = world.rollout?.dueAtMs;
      if (dueAtMs !== undefined && dueAtMs <= now()) world.sendMessage();
      // The dispatcher moves it; until then it is looked at again.
      return dueAtMs === undefined ? undefined : Math.max(dueAtMs, now() + 60_000);
    });
  const watchTask = () =>
    lookAt("task", world.task.dueAtMs, () => {
      if ((world.task.dueAtMs ?? Number.POSITIVE_INFINITY) <= now()) world.changeTask({ type: "expire" });
      return world.task.dueAtMs;
    });

  function forgetDoorbell(run: RunState): void {
    doorbells.get(run.applianceId)?.delete(run.runId);
  }

  function applyTaskEffects(effects: TaskEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "start_rollout") {
        world.rollout = newRollout(world.task, effect.rolloutId, now());
        watchRollout();
        world.sendMessage();
      }
      if (effect.type === "cancel_rollout") world.changeRollout({ type: "cancel", reason: effect.reason ?? "no need" });
      if (effect.type === "retry_rollout") world.changeRollout({ type: "retry" });
      if (effect.type === "undo_rollout") world.changeRollout({ type: "undo" });
    }
  }

  const world: World = {
    task: options.task,
    rollout: undefined,
    runs: new Map(),
    isFrozen: false,
    fleet: new Map(),
    neededFleet: () => world.fleet,
    commitRun(before, after) {
      if (world.runs.get(after.runId) !== before) throw new Conflict();
      watch.run(before, after);
      world.runs.set(after.runId, after);
      watchRun(after.runId);
    },
    commitRollout(before, after, endsTask, by = "dispatcher") {
      if (world.rollout?.version !== before.version) throw new Conflict();
      watch.rollout(before, after, by);
      world.rollout = after;
      watchRollout();
      const { result } = after;
      if (!endsTask || result === undefined || taskHasEnded(world.task.status)) return;
      const { status, ...rest } = result;
      world.task = reducers.reduceTask(world.task, { type: "finish", status, result: rest }, now()).state;
      options.onEnd();
    },
    changeRun(runId, event) {
      const run = world.runs.get(runId);
      if (run === undefined) return;
      const { state, effects } = reducers.reduceRun(run, event, now());
      if (state === run) return;
      world.commitRun(run, state);
      if (effects.some(({ type }) => type === "forget_doorbell")) forgetDoorbell(state);
    },
    changeTask(event) {
      const { state, effects } = reducers.reduceTask(world.task, event, now());
      if (state === world.task) return;
      const before = world.task;
      world.task = state;
      try {
        applyTaskEffects(effects);
      } catch (error) {
        // One transaction.
        world.task = before;
        throw error;
      }
      watchTask();
      if (taskHasEnded(state.status)) options.onEnd();
    },
    changeRollout(event) {
      const { rollout } = world;
      if (rollout === undefined) return;
      const next = reducers.reduceRollout(rollout, event, now());
      if (next !== rollout) world.commitRollout(rollout, next, false, "person");
      world.sendMessage();
    },
    sendMessage() {
      // Whoever changed something may die before it tells.
      if (chance.happens(scenario.kills)) return;
      scheduler.in(chance.between(5, 2_000), options.dispatch);
      if (chance.happens(scenario.duplicates)) scheduler.in(chance.between(5, 120_000), options.dispatch);
    },
    ring(runId) {
      const run = world.runs.get(runId);
      if (run === undefined || !awaitsStart(run)) return;
      const bell = doorbells.get(run.applianceId) ?? new Set();
      doorbells.set(run.applianceId, bell.add(runId));
      world.changeRun(runId, { type: "ring" });
    },
    heartbeat(applianceId, { health, beatMs }) {
      const seen = world.fleet.get(applianceId);
      const since = seen?.health === health ? seen.healthSinceMs : now();
      world.fleet.set(applianceId, {
        sites: seen?.sites ?? [],
        health,
        healthSinceMs: since,
        lastSeenAtMs: now(),
        intervalMs: beatMs,
      });
      return { serverTimeMs: now(), pending: [...(doorbells.get(applianceId) ?? [])] };
    },
    pendingRuns: (applianceId) =>
      [...world.runs.values()].filter(
        (run) => run.applianceId === applianceId && (awaitsStart(run) || isUnderWay(run)),
      ),
    start(runId, { attempt, ledgerId }) {
      const run = world.runs.get(runId);
      const { rollout } = world;
      if (run === undefined || rollout === undefined) throw new AppError("not_found", "There is no such run.");
      const event: RunEvent = { type: "start", attempt, ledgerId, executor: "ansible" };
      const { state } = reducers.reduceRun(run, event, now());
      if (state !== run) {
        if (world.isFrozen || world.task.status !== "running") throw new AppError("denied_by_gate", "Not now.");
        if (isAway(run, now())) {
          const none = reducers.judgeLateStart(rollout, [...world.runs.values()], run, now(), world.fleet);
          if (none?.isFull === true) {
            watch.noPlace(run);
            world.changeRun(runId, { type: "await_place" });
          }
          if (none !== undefined) throw new AppError("denied_by_gate", none.why);
          world.commitRollout(rollout, reducers.takePlace(rollout, now()), false);
        }
        world.commitRun(run, state);
        forgetDoorbell(state);
      }
      return { deadlineMs: state.deadlineAtMs ?? 0, serverTimeMs: now() };
    },
    recordResult(runId, body) {
      const run = world.runs.get(runId);
      if (run === undefined) throw new AppError("not_found", "There is no such run.");
      world.changeRun(runId, { type: "result", ...body });
      world.sendMessage();
    },
  };
  for (const { id, behaviour } of scenario.targets) {
    const { sites, beatMs } = behaviour;
    world.fleet.set(id, { sites, health: "healthy", healthSinceMs: 0, lastSeenAtMs: now(), intervalMs: beatMs });
  }
  return world;
}

/** Sweeps who is silent: offline, as the presence sweep says. */
export function sweep(world: World, nowMs: number): void {
  for (const [id, seen] of world.fleet) {
    if (seen.health !== "offline" && nowMs - seen.lastSeenAtMs > 2 * seen.intervalMs) {
      world.fleet.set(id, { ...seen, health: "offline", healthSinceMs: nowMs });
    }
  }
}
