import type { RunState } from "../run/run-state.ts";
import type { RolloutState } from "./rollout-state.ts";

/** Of a rollout that was stopped: what its last wave has changed, where the plan says that a failure takes it back. */
export function toUndoAfterStop(rollout: RolloutState, runs: readonly RunState[]): RunState[] {
  const { stop, parameters, undoable, mode } = rollout;
  if (stop === undefined || !parameters.undoOnFailure || undoable !== true || mode === "check") return [];
  return runs.filter(
    (run) =>
      run.wave === stop.wave &&
      run.operation !== "undo" &&
      (run.status === "succeeded" || (run.status === "failed" && leftSomething(run))),
  );
}

/** Of all waves: wherever something was done, whole or in part, and is not undone. */
export function toUndoOnRequest(runs: readonly RunState[], round: number): RunState[] {
  return runs.filter((run) => {
    if (run.round === round && run.operation === "undo") return false;
    return (
      run.status === "succeeded" || ((run.status === "failed" || run.status === "cancelled") && mayHaveChanged(run))
    );
  });
}

/** The appliance undoes the done steps of a failing run by itself. It cannot where it was interrupted, or not to the end. */
function leftSomething({ steps, reason }: RunState): boolean {
  if (steps.length === 0 || reason === "interrupted") return true;
  return steps.some(({ status, changed }) => status === "succeeded" || (status === "failed" && changed > 0));
}

/** Looks through all attempts: a retry that was cancelled before it began leaves what the attempt before it had done. */
function mayHaveChanged(run: RunState): boolean {
  const begun = [...(run.earlier ?? []), run].filter((attempt) => attempt.startedAtMs !== undefined);
  const last = begun.at(-1);
  return last !== undefined && last.status !== "undone" && last.status !== "simulated";
}
