import type { RunState } from "../run/run-state.ts";
import { toleratedOf } from "./error-budget.ts";
import type { Fleet } from "./fleet-view.ts";
import { askHealthGate } from "./health-gate.ts";
import type { Recount } from "./recount.ts";
import type { RolloutState, Stop } from "./rollout-state.ts";

/**
 * Whether it has to end here, for good: more has failed than may, no appliance of the first wave took the change, or one
 * fell ill by it. What is only unreachable stops nothing: it may have succeeded, and holds the rollout until that is
 * known. A preview changes nothing and is never stopped.
 */
export function judgeStop(world: {
  rollout: RolloutState;
  seen: Recount;
  nowMs: number;
  fleet: Fleet;
}): Stop | undefined {
  const { rollout, seen, nowMs, fleet } = world;
  const { parameters } = rollout;
  if (rollout.mode === "check") return undefined;
  const wave = Math.max(1, seen.begun);
  const stop = (cause: Stop["cause"], why: string): Stop => ({ cause, wave, why, atMs: nowMs });
  const isCanary = wave === 1 && seen.waves.length > 1;

  const tolerated = toleratedOf(parameters, reachedBy(seen));
  if (seen.failed.length > tolerated) {
    const why = `${named(seen.failed)}; ${tolerated === 0 ? "none" : `only ${tolerated}`} may fail`;
    return stop(isCanary ? "canary" : "budget", why);
  }
  const first = seen.waves[0];
  if (isCanary && first !== undefined && first.unsettled === 0 && hasNoHope(first.runs)) {
    const failed = first.runs.filter((run) => run.status === "failed");
    const why = failed.length > 0 ? named(failed) : "the first wave was not sent to any appliance";
    return stop("canary", why);
  }
  if (parameters.healthGate !== undefined) {
    const runs = seen.waves[wave - 1]?.runs ?? [];
    const answer = askHealthGate(runs, parameters.healthGate.heartbeats, fleet, nowMs);
    if (answer.type === "fail") return stop("health", answer.why);
  }
  return undefined;
}

/** Appliances in the waves that have begun: what a budget in percent is a part of. */
export function reachedBy(seen: Recount): number {
  let reached = 0;
  for (const wave of seen.waves.slice(0, Math.max(1, seen.begun))) reached += wave.runs.length;
  return reached;
}

/** Every one of them has ended, and none with the change. */
function hasNoHope(runs: readonly RunState[]): boolean {
  return runs.length > 0 && runs.every(({ status }) => status === "failed" || status === "cancelled");
}

/** "nas-1 (disk full), nas-2 and 3 more failed" */
function named(failed: readonly RunState[]): string {
  const names = failed.slice(0, 3).map((run) => {
    const reason = run.reason === undefined ? "" : ` (${run.reason.slice(0, 200)})`;
    return `${run.applianceName}${reason}`;
  });
  const more = failed.length - names.length;
  if (more > 0) names.push(`${more} more`);
  const last = names.pop() ?? "";
  return `${names.length === 0 ? last : `${names.join(", ")} and ${last}`} failed`;
}
