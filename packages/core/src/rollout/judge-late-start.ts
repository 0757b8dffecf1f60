import { changed } from "../reducing.ts";
import type { RunState } from "../run/run-state.ts";
import type { Fleet } from "./fleet-view.ts";
import { holdsPlace, isAway } from "./recount.ts";
import type { RolloutState } from "./rollout-state.ts";
import { siteMinimum } from "./site-minimum.ts";

/**
 * Whether a run that is about to start has lost its place: its appliance was away, and others were sent instead. Only then
 * `judgeLateStart` has to be asked, and the rollout's runs to be loaded for it.
 */
export const startsLate = isAway;

/**
 * Why a run that comes late may not start now; undefined: it may. Asked again a little later, there may be a place. The
 * start and `takePlace` belong into one transaction: whoever has counted the places before must count again.
 */
export function judgeLateStart(
  rollout: RolloutState,
  runs: readonly RunState[],
  run: RunState,
  nowMs: number,
  fleet?: Fleet,
): string | undefined {
  let busy = 0;
  for (const other of runs) if (other.runId !== run.runId && holdsPlace(other, nowMs)) busy += 1;
  const { maxConcurrency, minHealthy } = rollout.parameters;
  if (busy >= maxConcurrency) return `${busy} appliances are at it, and no more may be; it starts when one has ended.`;
  if (minHealthy === undefined || rollout.mode === "check" || run.operation === "undo") return undefined;
  return siteMinimum(minHealthy, runs, fleet ?? new Map()).take(run.applianceId);
}

export function takePlace(rollout: RolloutState, nowMs: number): RolloutState {
  return changed(rollout, {}, nowMs).state;
}
