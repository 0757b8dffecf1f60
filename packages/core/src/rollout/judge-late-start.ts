import { changed } from "../reducing.ts";
import type { RunState } from "../run/run-state.ts";
import type { Fleet } from "./fleet-view.ts";
import { holdsPlace } from "./recount.ts";
import type { RolloutState } from "./rollout-state.ts";
import { siteMinimum } from "./site-minimum.ts";

export interface NoPlace {
  why: string;
  /** All places are taken: the next one is kept for it (event `await_place`). */
  isFull: boolean;
}

/**
 * Why a run whose appliance was away (`isAway`) may not start when it comes back: others were sent in its place. Undefined:
 * it may. Asked again a little later, there may be a place. Before the places are counted, one is taken (`takePlace`): whoever
 * has counted them before must count again.
 */
export function judgeLateStart(
  rollout: RolloutState,
  runs: readonly RunState[],
  run: RunState,
  nowMs: number,
  fleet?: Fleet,
): NoPlace | undefined {
  let busy = 0;
  for (const other of runs) if (other.runId !== run.runId && holdsPlace(other, nowMs)) busy += 1;
  const { maxConcurrency, minHealthy } = rollout.parameters;
  const asksSite = minHealthy !== undefined && rollout.mode !== "check" && run.operation !== "undo";
  const held = asksSite ? siteMinimum(minHealthy, runs, fleet ?? new Map()).take(run.applianceId) : undefined;
  // No place is kept for one that could not take it.
  if (held !== undefined) return { why: held, isFull: false };
  if (busy < maxConcurrency) return undefined;
  const why = `${busy} appliances are at it, and no more may be; it starts when one has ended.`;
  return { why, isFull: true };
}

export function takePlace(rollout: RolloutState, nowMs: number): RolloutState {
  return changed(rollout, { lateStarts: (rollout.lateStarts ?? 0) + 1 }, nowMs).state;
}
