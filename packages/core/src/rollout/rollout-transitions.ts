import type { RolloutStatus } from "@steward/contracts/states";
import type { Transitions } from "../reducing.ts";
import type { RolloutEvent } from "./rollout-state.ts";

/** `advance` is the dispatcher's: what the runs and the time make of it. */
export const rolloutTransitions: Transitions<RolloutStatus, RolloutEvent["type"] | "advance"> = {
  running: {
    // `paused`: a wave waits for a person's word.
    advance: ["running", "paused", "succeeded", "failed"],
    pause: ["paused"],
    cancel: ["cancelling"],
  },
  paused: {
    // It ends where all has ended meanwhile, is stopped where too much has failed, and is given up after seven days.
    advance: ["paused", "running", "succeeded", "failed", "cancelling"],
    resume: ["running"],
    cancel: ["cancelling"],
  },
  cancelling: { advance: ["cancelling", "cancelled"] },
  succeeded: { retry: ["running"], undo: ["running"] },
  failed: { retry: ["running"], undo: ["running"] },
  // What was done before the cancellation is still there.
  cancelled: { undo: ["running"] },
};

export function rolloutHasEnded(status: RolloutStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}
