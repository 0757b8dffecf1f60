import type { RunView, StepResult } from "@steward/contracts/run";
import { runHasEnded } from "@steward/contracts/states";

/** The listed runs, each as new as it is known; what is known beside them and not listed yet comes after. */
export function withNewer(listed: readonly RunView[], newest: readonly RunView[]): RunView[] {
  const newer = new Map(newest.map((run) => [run.id, run]));
  const merged = listed.map((run) => {
    const other = newer.get(run.id);
    newer.delete(run.id);
    return other === undefined || other.attempt < run.attempt ? run : other;
  });
  return [...merged, ...newer.values()];
}

export function changedIn(run: Pick<RunView, "steps">): number {
  return run.steps.reduce((sum, step) => sum + step.changed, 0);
}

/** How long it took, or has taken by now; undefined: it has not begun. */
export function ranMs(run: RunView, nowMs: number): number | undefined {
  if (run.startedAt === undefined) return undefined;
  const endMs = run.endedAt !== undefined ? Date.parse(run.endedAt) : runHasEnded(run.status) ? undefined : nowMs;
  return endMs === undefined ? undefined : Math.max(0, endMs - Date.parse(run.startedAt));
}

/** What a step says of why, unless the run's own reason has said it. */
export function ownReason(run: Pick<RunView, "reason">, step: StepResult): string | undefined {
  if (step.reason === undefined) return undefined;
  const told = `${step.action}: ${step.reason}`;
  const isTold = run.reason === step.reason || (run.reason !== undefined && told.startsWith(run.reason));
  return isTold ? undefined : step.reason;
}

/** In few words what a run came to. */
export function outcomeText(run: RunView): string {
  if (run.status === "simulated") return "nothing was changed";
  if (run.status !== "succeeded") return run.reason ?? "";
  const changed = changedIn(run);
  return changed === 0 ? "nothing to change" : `${changed} changed`;
}
