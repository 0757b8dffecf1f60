import { defaults } from "@steward/contracts/defaults";
import { runIdOf } from "@steward/contracts/ids";
import type { RolloutStatus } from "@steward/contracts/states";
import { changed, checkTransition, unchanged } from "../reducing.ts";
import { newRun } from "../run/new-run.ts";
import type { RunState } from "../run/run-state.ts";
import type { Step } from "../versioned.ts";
import { type Fleet, neededFleet } from "./fleet-view.ts";
import { judgeWaves } from "./judge-waves.ts";
import { lookAgainMs } from "./new-rollout.ts";
import { type Recount, recount } from "./recount.ts";
import { cancelledResult, resultOf } from "./rollout-result.ts";
import type { RolloutState } from "./rollout-state.ts";
import { rolloutHasEnded, rolloutTransitions } from "./rollout-transitions.ts";
import { siteMinimum } from "./site-minimum.ts";
import { judgeStop } from "./judge-stop.ts";
import { toUndoAfterStop, toUndoOnRequest } from "./what-to-undo.ts";

export type RolloutEffect =
  /** Create these, unless they exist; then advance again. */
  | { type: "create_runs"; runs: RunState[] }
  /** Ask the gate, sign the envelope, and send it (event `send`); then advance again. */
  | { type: "send_run"; runId: string }
  /** Ring the doorbells of these; they have their command and have not started. */
  | { type: "ring"; runIds: string[] }
  | { type: "cancel_runs"; runIds: string[]; reason?: string }
  /** The events `retry` and `begin_undo` for each of these; then advance again. */
  | { type: "retry_runs"; runIds: string[]; round: number }
  | { type: "undo_runs"; runIds: string[]; round: number }
  /** Give the task `rollout.result`. Best in the transaction that stores the ended rollout. */
  | { type: "finish_task" };

/** An appliance that does not answer is rung less and less often, but never less than this. */
const longestRingPauseMs = 15 * 60_000;
/** How long a rollout stays paused before it is given up. */
export const longestPauseMs = defaults.questionSeconds * 1000;

/**
 * One step of a rollout, judged from its runs as they are now; `runs` may lack some that a killed dispatcher did not
 * create. All effects may be repeated: run ids are derived, rounds are numbered, sending and ringing twice is harmless.
 * Linear in the number of runs; a shell that gets many results at once may call it once for all of them.
 *
 * `fleet` is what `neededFleet` asks for. `skip`: runs that the gate holds at the moment; they take no place from those
 * behind them.
 */
export function advanceRollout(
  rollout: RolloutState,
  runs: readonly RunState[],
  nowMs: number,
  fleet?: Fleet,
  skip: ReadonlySet<string> = nobody,
): Step<RolloutState, RolloutEffect> {
  if (rolloutHasEnded(rollout.status)) return unchanged(rollout);
  if (fleet === undefined && neededFleet(rollout) !== undefined) {
    // Without it a gate would be passed that nobody has looked through.
    throw new TypeError(`the rollout ${rollout.rolloutId} cannot be judged without its fleet`);
  }
  const world: World = { rollout, runs, seen: recount(rollout, runs, nowMs), nowMs, fleet: fleet ?? new Map(), skip };
  switch (rollout.status) {
    case "running":
      return advanceRunning(world);
    case "paused":
      return advancePaused(world);
    default:
      return advanceCancelling(world);
  }
}

interface World {
  rollout: RolloutState;
  runs: readonly RunState[];
  seen: Recount;
  nowMs: number;
  fleet: Fleet;
  skip: ReadonlySet<string>;
}

const nobody: ReadonlySet<string> = new Set();

function advanceRunning(world: World): Step<RolloutState, RolloutEffect> {
  const { rollout, runs, seen, nowMs } = world;
  if (rollout.operation === "undo") return advanceUndo(world);
  const missing = missingRuns(rollout, runs, nowMs);
  if (missing.length > 0) return go(world, "running", {}, [{ type: "create_runs", runs: missing }]);

  const toRetry = ofThisRound(world);
  if (toRetry.length > 0) {
    const round = rollout.round ?? 0;
    return go(world, "running", {}, [{ type: "retry_runs", runIds: idsOf(toRetry), round }]);
  }

  const stop = rollout.stop ?? judgeStop(world);
  if (stop !== undefined) return advanceStopped(world, { ...rollout, stop });

  const waves = judgeWaves(world);
  if (seen.hasEnded && !waves.isHeld) return finish(world, rollout);
  if (waves.confirmAfter !== undefined) {
    const pause = { sinceMs: nowMs, afterWave: waves.confirmAfter };
    return go(world, "paused", { pause, hold: undefined }, ringing(world));
  }
  const candidates = waves.isHeld ? [] : seen.toSend.filter((run) => run.wave <= waves.open || seen.waves.length === 1);
  const sites =
    rollout.parameters.minHealthy === undefined || rollout.mode === "check"
      ? undefined
      : siteMinimum(rollout.parameters.minHealthy, runs, world.fleet);
  const { effects, held } = sending(world, candidates, (run) => sites?.take(run.applianceId));
  return keepRunning(world, effects, waves.why ?? held, waves.againAtMs);
}

/** Nothing more goes out; what it was stopped for is taken back where the plan says so. */
function advanceStopped(world: World, rollout: RolloutState): Step<RolloutState, RolloutEffect> {
  const { seen, runs, nowMs } = world;
  const { stop } = rollout;
  const effects: RolloutEffect[] = [];
  const unbegun = [...seen.toSend, ...seen.waiting].filter((run) => run.operation !== "undo");
  if (unbegun.length > 0) {
    effects.push({ type: "cancel_runs", runIds: idsOf(unbegun), reason: `not sent: ${stop?.why}` });
  }
  const toUndo = nowMs < rollout.expiresAtMs ? toUndoAfterStop(rollout, runs) : [];
  if (toUndo.length > 0) effects.push({ type: "undo_runs", runIds: idsOf(toUndo), round: rollout.round ?? 0 });
  if (seen.hasEnded && effects.length === 0) return finish(world, rollout);
  effects.push(...sending(world, undosToSend(seen, toUndo), () => undefined, true).effects);
  if (rollout.stop === world.rollout.stop) return keepRunning(world, effects, undefined, undefined);
  return go(world, "running", { stop: rollout.stop, hold: undefined, pause: undefined }, effects);
}

/**
 * Takes back what was done, the last wave first. Nothing waits for anything here but a place: an undo that fails on one
 * appliance is no reason to leave the change on the others, and a site that the change made ill gets well by it.
 */
function advanceUndo(world: World): Step<RolloutState, RolloutEffect> {
  const { rollout, seen } = world;
  const effects: RolloutEffect[] = [];
  const unbegun = [...seen.toSend, ...seen.waiting].filter((run) => run.operation !== "undo");
  if (unbegun.length > 0) effects.push({ type: "cancel_runs", runIds: idsOf(unbegun), reason: "the change is undone" });
  const toUndo = ofThisRound(world);
  if (toUndo.length > 0) effects.push({ type: "undo_runs", runIds: idsOf(toUndo), round: rollout.round ?? 0 });
  if (seen.hasEnded && effects.length === 0) return finish(world, rollout);
  const undos = undosToSend(seen, toUndo).sort((a, b) => b.wave - a.wave);
  effects.push(...sending(world, undos, () => undefined).effects);
  return keepRunning(world, effects, undefined, undefined);
}

/**
 * None before all of them are known: of two dispatchers, one that knows more of them would give the places to others, and
 * both would send.
 */
function undosToSend(seen: Recount, toUndo: readonly RunState[]): RunState[] {
  return toUndo.length > 0 ? [] : seen.toSend.filter((run) => run.operation === "undo");
}

function advancePaused(world: World): Step<RolloutState, RolloutEffect> {
  const { rollout, runs, seen, nowMs } = world;
  if (rollout.operation !== "undo") {
    // Paused before they were made: they expire like all others only when they are there.
    const missing = missingRuns(rollout, runs, nowMs);
    if (missing.length > 0) return go(world, "paused", {}, [{ type: "create_runs", runs: missing }]);
    // What a retry has not reached yet failed in the round before: that is not judged again.
    const stop = ofThisRound(world).length > 0 ? undefined : judgeStop(world);
    if (stop !== undefined) return advanceStopped(world, { ...rollout, stop });
  }
  // All that waited has expired, or a person cancelled it elsewhere: there is nothing to resume.
  if (seen.hasEnded && ofThisRound(world).length === 0) return finish(world, rollout);
  if (nowMs - (rollout.pause?.sinceMs ?? rollout.updatedAtMs) >= longestPauseMs) {
    const cancelReason = "it was paused for seven days";
    return go(world, "cancelling", { cancelReason, pause: undefined, hold: undefined });
  }
  const effects = ringing(world);
  if (effects.length === 0 && !isDue(rollout, nowMs)) return unchanged(rollout);
  return go(world, "paused", {}, effects);
}

function advanceCancelling(world: World): Step<RolloutState, RolloutEffect> {
  const { rollout, runs, seen, nowMs } = world;
  if (seen.hasEnded) {
    const result = cancelledResult(rollout, seen, runs.length === rollout.targets.length);
    return go(world, "cancelled", { result, hold: undefined }, [{ type: "finish_task" }]);
  }
  const open = [...seen.toSend, ...seen.waiting];
  if (open.length === 0 && !isDue(rollout, nowMs)) return unchanged(rollout);
  const reason = rollout.cancelReason === undefined ? {} : { reason: rollout.cancelReason };
  return go(
    world,
    "cancelling",
    {},
    open.length === 0 ? [] : [{ type: "cancel_runs", runIds: idsOf(open), ...reason }],
  );
}

/** Sends to as many of these as there are free places, and rings those that have their command. */
function sending(
  world: World,
  candidates: readonly RunState[],
  refusalOf: (run: RunState) => string | undefined,
  ringOnlyUndo = false,
): { effects: RolloutEffect[]; held?: string } {
  const { rollout, seen, nowMs, skip } = world;
  const effects: RolloutEffect[] = [];
  let free = rollout.parameters.maxConcurrency - seen.busy - seen.asking;
  let held: string | undefined;
  // Past the plan's expiry nothing is sent: those runs expire by themselves.
  if (nowMs < rollout.expiresAtMs) {
    for (const run of candidates) {
      if (free <= 0) break;
      if (skip.has(run.runId)) continue;
      const refusal = refusalOf(run);
      held ??= refusal;
      if (refusal !== undefined) continue;
      effects.push({ type: "send_run", runId: run.runId });
      free -= 1;
    }
  }
  effects.push(...ringing(world, ringOnlyUndo));
  return { effects, ...(held === undefined ? {} : { held }) };
}

function ringing({ rollout, seen, nowMs }: World, onlyUndo = false): RolloutEffect[] {
  if (nowMs >= rollout.expiresAtMs) return [];
  const toRing = seen.waiting.filter((run) => (!onlyUndo || run.operation === "undo") && wantsRing(run, nowMs));
  return toRing.length === 0 ? [] : [{ type: "ring", runIds: idsOf(toRing) }];
}

function wantsRing(run: RunState, nowMs: number): boolean {
  if (run.rungAtMs === undefined) return true;
  const waitedMs = run.rungAtMs - (run.sentAtMs ?? run.rungAtMs);
  return nowMs - run.rungAtMs >= Math.min(longestRingPauseMs, Math.max(lookAgainMs, waitedMs));
}

/** Stores only what is worth it: effects, a new reason to wait, or that somebody has looked. */
function keepRunning(
  world: World,
  effects: RolloutEffect[],
  hold: string | undefined,
  againAtMs: number | undefined,
): Step<RolloutState, RolloutEffect> {
  const { rollout, nowMs } = world;
  if (effects.length === 0 && hold === rollout.hold && !isDue(rollout, nowMs)) return unchanged(rollout);
  return go(world, "running", { hold }, effects, againAtMs);
}

function finish(world: World, rollout: RolloutState): Step<RolloutState, RolloutEffect> {
  const result = resultOf(rollout, world.seen);
  const to = result.status === "succeeded" || result.status === "simulated" ? "succeeded" : "failed";
  return go(world, to, { stop: rollout.stop, result, hold: undefined, pause: undefined }, [{ type: "finish_task" }]);
}

function go(
  { rollout, nowMs }: World,
  to: RolloutStatus,
  changes: Partial<RolloutState>,
  effects: RolloutEffect[] = [],
  againAtMs: number = nowMs + lookAgainMs,
): Step<RolloutState, RolloutEffect> {
  const sentence = `The rollout is ${rollout.status} and cannot become ${to}.`;
  checkTransition(rolloutTransitions, { from: rollout.status, event: "advance", to, sentence });
  const dueAtMs = rolloutHasEnded(to) ? undefined : Math.min(nowMs + lookAgainMs, Math.max(nowMs + 1, againAtMs));
  return changed(rollout, { ...changes, status: to, dueAtMs }, nowMs, effects);
}

function isDue(rollout: RolloutState, nowMs: number): boolean {
  return rollout.dueAtMs === undefined || nowMs >= rollout.dueAtMs;
}

/** What a retry or an undo was asked for and has not reached. Past the plan's expiry nothing is begun. */
function ofThisRound({ rollout, runs, nowMs }: World): RunState[] {
  const { round, operation, expiresAtMs } = rollout;
  if (round === undefined || nowMs >= expiresAtMs) return [];
  return operation === "undo" ? toUndoOnRequest(runs, round) : runs.filter((run) => isToRetry(run, round));
}

/** Where it failed, where it was therefore not sent, and what was taken back when it was stopped. */
function isToRetry({ status, round }: RunState, current: number): boolean {
  return round !== current && (status === "failed" || status === "cancelled" || status === "undone");
}

function missingRuns(rollout: RolloutState, runs: readonly RunState[], nowMs: number): RunState[] {
  if (runs.length === rollout.targets.length) return [];
  const existing = new Set(runs.map((run) => run.runId));
  const missing: RunState[] = [];
  rollout.targets.forEach((target, index) => {
    const runId = runIdOf(rollout.rolloutId, index);
    if (existing.has(runId)) return;
    const { tenantId, rolloutId, taskId, expiresAtMs, allowedMs } = rollout;
    const shared = { tenantId, rolloutId, taskId, expiresAtMs, allowedMs, wave: rollout.waveOf?.[index] ?? 1 };
    missing.push(newRun({ ...shared, runId, applianceId: target.id, applianceName: target.name }, nowMs));
  });
  return missing;
}

function idsOf(runs: readonly RunState[]): string[] {
  return runs.map((run) => run.runId);
}
