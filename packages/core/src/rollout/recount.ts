import { type RunStatus, runHasEnded } from "@steward/contracts/states";
import { awaitsSending, awaitsStart, isUnderWay } from "../run/run-phase.ts";
import type { RunState } from "../run/run-state.ts";
import type { RolloutState } from "./rollout-state.ts";

/** Two of the longest heartbeat intervals: who has not started by then is away. */
export const awayAfterMs = 10 * 60_000;

export type Counts = Partial<Record<RunStatus, number>>;

export interface WaveCount {
  runs: RunState[];
  counts: Counts;
  /** Something of it was sent. */
  hasBegun: boolean;
  /** Those that keep the next wave waiting: neither ended, nor unreachable (that counts as failed), nor away. */
  unsettled: number;
  /** When the last of them ended or was found to be away. */
  settledAtMs: number;
}

/** Everything that a rollout's decisions need, counted from its runs in one go: it is done after every event. */
export interface Recount {
  counts: Counts;
  hasEnded: boolean;
  /** From the first. */
  waves: WaveCount[];
  /** The number of the last wave that has begun; 0 before the first. */
  begun: number;
  /** How many hold a place of `maxConcurrency`. */
  busy: number;
  /** How many were away, are back and wait for a place: the next ones are theirs. */
  asking: number;
  failed: RunState[];
  unreachable: RunState[];
  /** Their command is to be made, in the order of the targets. */
  toSend: RunState[];
  /** Their command is made and they have not started. */
  waiting: RunState[];
}

export function recount(rollout: RolloutState, runs: readonly RunState[], nowMs: number): Recount {
  const all: Recount = {
    counts: {},
    hasEnded: true,
    waves: Array.from({ length: waveCountOf(rollout) }, emptyWave),
    begun: 0,
    busy: 0,
    asking: 0,
    failed: [],
    unreachable: [],
    toSend: [],
    waiting: [],
  };
  for (const run of runs) {
    const { status } = run;
    const hasEnded = runHasEnded(status);
    all.counts[status] = (all.counts[status] ?? 0) + 1;
    if (!hasEnded) all.hasEnded = false;
    if (status === "failed") all.failed.push(run);
    if (status === "unreachable") all.unreachable.push(run);
    if (awaitsSending(run)) all.toSend.push(run);
    if (awaitsStart(run)) all.waiting.push(run);
    if (holdsPlace(run, nowMs)) all.busy += 1;
    if (asksForPlace(run, nowMs)) all.asking += 1;

    // A rollout without waves (an old one, a preview) has one, whatever its runs say.
    const at = Math.min(run.wave, all.waves.length) - 1;
    const wave = all.waves[at];
    if (wave === undefined) continue;
    wave.runs.push(run);
    wave.counts[status] = (wave.counts[status] ?? 0) + 1;
    // A run that was cancelled before anything was sent to it (its appliance was revoked) begins no wave.
    if (run.sentAtMs !== undefined) {
      wave.hasBegun = true;
      all.begun = Math.max(all.begun, at + 1);
    }
    if (hasEnded || status === "unreachable") wave.settledAtMs = Math.max(wave.settledAtMs, run.endedAtMs ?? 0);
    else if (isAway(run, nowMs)) wave.settledAtMs = Math.max(wave.settledAtMs, (run.sentAtMs ?? 0) + awayAfterMs);
    else wave.unsettled += 1;
  }
  return all;
}

export function waveCountOf({ waveOf }: RolloutState): number {
  // Not by spreading: there may be 5,000.
  return waveOf?.reduce((last, wave) => Math.max(last, wave), 1) ?? 1;
}

function emptyWave(): WaveCount {
  return { runs: [], counts: {}, hasBegun: false, unsettled: 0, settledAtMs: 0 };
}

/**
 * It was told so long ago that it is not there. It keeps its command until the plan's expiry, but must not keep the others
 * waiting for so long: when it comes back, it does what it was told.
 */
export function isAway(run: RunState, nowMs: number): boolean {
  return awaitsStart(run) && nowMs - (run.sentAtMs ?? nowMs) >= awayAfterMs;
}

/**
 * It was away, came back and found no place: what is free next is kept for it, or a rollout of many appliances with few
 * places would pass it by until the plan expires. It asks again at its next heartbeat; if it does not, nobody waits for it.
 */
export function asksForPlace(run: RunState, nowMs: number): boolean {
  return isAway(run, nowMs) && run.askedAtMs !== undefined && nowMs - run.askedAtMs < awayAfterMs;
}

/** It runs, or was told so lately that it may be about to. */
export function holdsPlace(run: RunState, nowMs: number): boolean {
  return isUnderWay(run) || (awaitsStart(run) && !isAway(run, nowMs));
}
