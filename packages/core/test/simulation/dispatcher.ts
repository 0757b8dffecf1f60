import { hasCode } from "@steward/contracts/errors";
import { runHasEnded } from "@steward/contracts/states";
import type { RolloutEffect } from "../../src/rollout/advance-rollout.ts";
import type { RolloutState } from "../../src/rollout/rollout-state.ts";
import type { RunEvent, RunState } from "../../src/run/run-state.ts";
import { signed } from "../fixtures.ts";
import type { Chance, Process, Scheduler } from "./scheduler.ts";
import { Conflict, type Reducers, type World } from "./world.ts";

/** A call to the table whose answer did not come: it was done, or it was not. */
export class Lost extends Error {}
/** One for all: what costs time is where it was thrown. */
export const lost = new Lost("no answer");

interface Dispatching {
  world: World;
  reducers: Reducers;
  scheduler: Scheduler;
  chance: Chance;
  /** Probability that a call is lost, on the way there or back. */
  loses: number;
  /** The mistake that this is here to find: it sends by an old decision. */
  isUnfenced?: boolean;
}

const maxPasses = 8;

/** What the dispatcher does with one message, call by call; between any two of them it may be killed or another one run. */
export function* dispatchOnce(options: Dispatching): Process {
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const again = yield* onePass(options);
    if (!again) return;
  }
}

function* onePass(options: Dispatching): Generator<number, boolean, void> {
  const { world, reducers, scheduler, chance } = options;
  for (let conflicts = 0; ; conflicts += 1) {
    const rollout = yield* call(options, () => world.rollout);
    if (rollout === undefined) return false;
    const runs = yield* call(options, () => [...world.runs.values()]);
    const { state, effects } = reducers.advanceRollout(rollout, runs, scheduler.nowMs(), world.neededFleet());
    try {
      // The state first: a stop that is decided on stays, whatever dies now.
      const endsTask = effects.some(({ type }) => type === "finish_task");
      if (state !== rollout || endsTask) yield* call(options, () => world.commitRollout(rollout, state, endsTask));
      let progressed = false;
      // Slow as well, so that a few thousand seeds show it.
      if (options.isUnfenced === true) yield chance.between(1, 10_000);
      const stillTo = options.isUnfenced === true ? undefined : yield* sendable(options, state, effects);
      for (const effect of effects) {
        if (effect.type === "send_run" && stillTo?.has(effect.runId) === false) continue;
        progressed = (yield* carryOut(options, effect, state, runs)) || progressed;
      }
      return progressed;
    } catch (error) {
      if (!(error instanceof Conflict) || conflicts > 5) throw error;
      yield chance.between(1, 500);
    }
  }
}

/**
 * Who decided by the version before may have sent until that commit, after these runs were read: with the places that are
 * taken now, this dispatcher's own decision is made once more.
 */
function* sendable(
  options: Dispatching,
  state: RolloutState,
  effects: readonly RolloutEffect[],
): Generator<number, Set<string>, void> {
  if (!effects.some(({ type }) => type === "send_run")) return new Set();
  const { world, reducers, scheduler } = options;
  const runs = yield* call(options, () => [...world.runs.values()]);
  const again = reducers.advanceRollout(state, runs, scheduler.nowMs(), world.neededFleet()).effects;
  return new Set(again.flatMap((effect) => (effect.type === "send_run" ? [effect.runId] : [])));
}

function* carryOut(
  options: Dispatching,
  effect: RolloutEffect,
  decided: RolloutState,
  runs: readonly RunState[],
): Generator<number, boolean, void> {
  const { world } = options;
  switch (effect.type) {
    case "create_runs":
      for (const run of effect.runs) {
        yield* call(options, () => {
          if (!world.runs.has(run.runId)) world.commitRun(undefined, run);
        });
      }
      return true;
    case "send_run": {
      const attempt = runs.find(({ runId }) => runId === effect.runId)?.attempt ?? 0;
      return yield* call(options, () => {
        if (options.isUnfenced !== true && !doesTheSame(world.rollout, decided)) throw new Conflict();
        if (world.isFrozen) return false;
        change(world, effect.runId, { type: "send", attempt, envelope: signed });
        return true;
      });
    }
    case "ring":
      for (const runId of effect.runIds) yield* call(options, () => world.ring(runId));
      return false;
    case "cancel_runs":
      for (const runId of effect.runIds) {
        const attempt = runs.find((run) => run.runId === runId)?.attempt ?? 0;
        yield* call(options, () =>
          change(world, runId, { type: "cancel", attempt, reason: effect.reason ?? "cancelled" }),
        );
      }
      return true;
    case "retry_runs":
    case "undo_runs": {
      const type = effect.type === "retry_runs" ? "retry" : "begin_undo";
      for (const runId of effect.runIds) {
        yield* call(options, () => change(world, runId, { type, round: effect.round }));
      }
      return true;
    }
    case "finish_task":
      return false;
  }
}

/** What sending hangs on where it is stored (`rolloutUnchanged`). Not the version: every look of a dispatcher raises that. */
function doesTheSame(now: RolloutState | undefined, decided: RolloutState): boolean {
  if (now === undefined || (now.stop === undefined) !== (decided.stop === undefined)) return false;
  return (["status", "round", "operation", "lateStarts"] as const).every((name) => now[name] === decided[name]);
}

function change(world: World, runId: string, event: RunEvent): void {
  const run = world.runs.get(runId);
  if (run === undefined) return;
  if (runHasEnded(run.status) && event.type !== "retry" && event.type !== "begin_undo") return;
  try {
    world.changeRun(runId, event);
  } catch (error) {
    if (!hasCode(error, "invalid_transition") && !hasCode(error, "expired") && !hasCode(error, "stale_attempt"))
      throw error;
  }
}

/** One call: it takes a moment before and after, and either way may be lost. */
function* call<T>({ chance, loses }: Dispatching, act: () => T): Generator<number, T, void> {
  yield chance.between(1, 30);
  if (chance.happens(loses / 4)) throw lost;
  const answer = act();
  yield chance.between(1, 30);
  if (chance.happens(loses / 4)) throw lost;
  return answer;
}
