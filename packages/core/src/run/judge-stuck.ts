import { runHasEnded } from "@steward/contracts/states";
import type { RunState } from "./run-state.ts";

/** Two of the longest heartbeat intervals: who has not come by then was not there, or does not hear. */
const unheardMs = 10 * 60_000;

/** Past a deadline that ends it, or makes it `unreachable`. */
export function isOverdue(run: RunState, nowMs: number): boolean {
  return !runHasEnded(run.status) && run.dueAtMs !== undefined && nowMs >= run.dueAtMs;
}

/** What ends a run that is past its deadline: one that has not started expires. */
export function overdueEvent(run: RunState): "expire" | "pass_deadline" {
  return run.status === "pending" || run.status === "sent" ? "expire" : "pass_deadline";
}

/** For how long a run has been where it should not be, and why in a sentence; undefined: it is as it should be. */
export function judgeStuck(run: RunState, nowMs: number): { forSeconds: number; why: string } | undefined {
  if (runHasEnded(run.status)) return undefined;
  const since = (fromMs: number) => Math.round(Math.max(0, nowMs - fromMs) / 1000);
  if (isOverdue(run, nowMs)) {
    return { forSeconds: since(run.dueAtMs ?? nowMs), why: "It is past its deadline and about to be ended." };
  }
  if (run.status === "unreachable") {
    const forSeconds = since(run.deadlineAtMs ?? run.updatedAtMs);
    return { forSeconds, why: "It started, and no result came in its time. A late one still counts." };
  }
  if (run.startedAtMs === undefined && run.sentAtMs !== undefined && nowMs - run.sentAtMs >= unheardMs) {
    const rings = run.rings === undefined ? "" : `, rung ${run.rings} times`;
    return { forSeconds: since(run.sentAtMs), why: `The appliance has not fetched it${rings}. Is it on?` };
  }
  return undefined;
}
