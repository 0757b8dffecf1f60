import type { RunState } from "../run/run-state.ts";
import { toleratedOf } from "./error-budget.ts";
import type { Counts, Recount } from "./recount.ts";
import type { RolloutResult, RolloutState } from "./rollout-state.ts";

/** How it ended, once every run has. */
export function resultOf(rollout: RolloutState, seen: Recount): RolloutResult {
  return { ...(rollout.operation === "undo" ? undoOutcome(seen) : outcome(rollout, seen)), ...countsOf(seen) };
}

/** How it ended after a cancellation; `isComplete`: every target had its run. */
export function cancelledResult(rollout: RolloutState, seen: Recount, isComplete: boolean): RolloutResult {
  const { cancelled = 0, expired = 0 } = seen.counts;
  // Where every appliance had finished before the cancellation reached it, that is what the person is told.
  const wasTooLate =
    isComplete && cancelled + expired === 0 && seen.failed.every(({ reason }) => !isUnbegunUndo(reason));
  if (wasTooLate) {
    const result = resultOf(rollout, seen);
    return { ...result, message: `${result.message} The cancellation came too late.` };
  }
  const why = rollout.cancelReason === undefined ? "" : ` (${rollout.cancelReason})`;
  return { status: "cancelled", message: `Cancelled${why}. ${describe(seen)}`, ...countsOf(seen) };
}

function isUnbegunUndo(reason: string | undefined): boolean {
  return reason?.startsWith("not undone") === true;
}

function outcome(rollout: RolloutState, seen: Recount): Pick<RolloutResult, "status" | "message" | "stopped"> {
  const { succeeded = 0, simulated = 0, failed = 0, expired = 0, cancelled = 0 } = seen.counts;
  const { stop } = rollout;
  if (stop !== undefined) {
    // Where nothing was left to be stopped and nothing was taken back, it is a failure like any other. Not for its health: no
    // run has failed, and this is the only place that says why.
    const { undone = 0 } = seen.counts;
    if (cancelled + undone === 0 && stop.cause !== "health") return { status: "failed", message: describe(seen) };
    const where = seen.waves.length > 1 ? ` in wave ${stop.wave} of ${seen.waves.length}` : "";
    const why = cancelled > 0 ? `Stopped${where}: ${stop.why}.` : `${stop.why}.`;
    return { status: "failed", message: `${why} ${describe(seen)}`, stopped: stop.cause };
  }
  const message = describe(seen);
  if (expired > 0 && succeeded + simulated + failed === 0) return { status: "expired", message };
  // An appliance that it never came to is one without the change, like one where it failed.
  const without = failed + expired + cancelled;
  if (succeeded + simulated === 0 || without > toleratedOf(rollout.parameters, rollout.targets.length)) {
    return { status: "failed", message };
  }
  // One simulated appliance is enough for the whole to say so: nothing there was changed.
  return { status: simulated > 0 ? "simulated" : "succeeded", message };
}

function undoOutcome(seen: Recount): Pick<RolloutResult, "status" | "message" | "undone"> {
  const { undone = 0, failed = 0, succeeded = 0 } = seen.counts;
  const asked = undone + failed + succeeded;
  if (asked === 0) return { status: "succeeded", message: "Nothing was to be undone.", undone: true };
  const message = `Undone on ${undone} of ${asked} ${asked === 1 ? "appliance" : "appliances"}.${reasonOf(seen.failed)}`;
  return failed + succeeded > 0 ? { status: "failed", message } : { status: "succeeded", message, undone: true };
}

function countsOf(seen: Recount): Pick<RolloutResult, "counts" | "waves"> {
  const counts = withoutNone(seen.counts);
  return seen.waves.length === 1 ? { counts } : { counts, waves: seen.waves.map((wave) => withoutNone(wave.counts)) };
}

function withoutNone(counts: Counts): Record<string, number> {
  return { ...counts } as Record<string, number>;
}

/** "Of 3 appliances: 2 succeeded, 1 failed. nas-1: disk full." */
function describe(seen: Recount): string {
  const total = Object.values(seen.counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return "Nothing was sent to any appliance.";
  const parts = Object.entries(seen.counts)
    .sort(([, a], [, b]) => b - a)
    .map(([status, count]) => `${count} ${status}`);
  return `Of ${total} ${total === 1 ? "appliance" : "appliances"}: ${parts.join(", ")}.${reasonOf(seen.failed)}`;
}

function reasonOf(failed: readonly RunState[]): string {
  const first = failed.find((run) => run.reason !== undefined);
  return first === undefined ? "" : ` ${first.applianceName}: ${first.reason}.`;
}
