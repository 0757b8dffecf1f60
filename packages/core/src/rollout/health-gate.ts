import type { RunState } from "../run/run-state.ts";
import type { Fleet } from "./fleet-view.ts";

export type GateAnswer = { type: "pass" } | { type: "wait"; why: string } | { type: "fail"; why: string };

/**
 * Whether the appliances of a wave are well after their runs. One that became `critical` since its run began, or is silent
 * for longer than the gate waits for, fails the wave; the others are waited for until `heartbeats` have come from each.
 * What was not begun there was not changed, and who is not an appliance any more is not waited for.
 */
export function askHealthGate(runs: readonly RunState[], heartbeats: number, fleet: Fleet, nowMs: number): GateAnswer {
  let waitsFor: RunState | undefined;
  for (const run of runs) {
    const seen = fleet.get(run.applianceId);
    if (seen === undefined || run.startedAtMs === undefined) continue;
    if (seen.health === "critical" && seen.healthSinceMs >= run.startedAtMs) {
      return { type: "fail", why: `${run.applianceName} became critical after it was changed` };
    }
    // A failed one is the budget's, and nobody may ever hear of its appliance again.
    if (run.endedAtMs === undefined || (run.status !== "succeeded" && run.status !== "simulated")) continue;
    // The beats come one interval apart, so the nth after the end comes later than n - 1 intervals.
    if (seen.lastSeenAtMs - run.endedAtMs > (heartbeats - 1) * seen.intervalMs) continue;
    const silentMs = nowMs - Math.max(seen.lastSeenAtMs, run.endedAtMs);
    if (silentMs > (heartbeats + 1) * seen.intervalMs) {
      return { type: "fail", why: `${run.applianceName} has been silent since it was changed` };
    }
    waitsFor ??= run;
  }
  if (waitsFor === undefined) return { type: "pass" };
  const beats = heartbeats === 1 ? "a heartbeat" : `${heartbeats} heartbeats`;
  return { type: "wait", why: `Waiting for ${beats} of ${waitsFor.applianceName} after its run.` };
}
