import { AppError } from "@steward/contracts/errors";
import type { RolloutStatus } from "@steward/contracts/states";
import { changed, checkTransition, knowsEvent } from "../reducing.ts";
import { lookAgainMs } from "./new-rollout.ts";
import type { Pause, RolloutEvent, RolloutState } from "./rollout-state.ts";
import { rolloutTransitions } from "./rollout-transitions.ts";

/**
 * What a person's word makes of a rollout; advance it next. What was said before and changes nothing returns the same
 * object.
 * @throws AppError `invalid_transition` where it is impossible, `expired` for a retry or undo after the plan's expiry,
 * `unprocessable` where there is nothing to try again or to undo
 */
export function reduceRollout(rollout: RolloutState, event: RolloutEvent, nowMs: number): RolloutState {
  const go = (to: RolloutStatus, changes: Partial<RolloutState>): RolloutState => {
    const sentence = `The rollout is ${rollout.status} and cannot be ${pastOf[event.type]}.`;
    checkTransition(rolloutTransitions, { from: rollout.status, event: event.type, to, sentence });
    const next = { hold: undefined, ...changes, status: to, dueAtMs: nowMs + lookAgainMs };
    return changed(rollout, next, nowMs).state;
  };

  switch (event.type) {
    case "pause": {
      if (rollout.status === "paused") return rollout;
      if (rollout.stop !== undefined) {
        throw new AppError("invalid_transition", "The rollout was stopped already; nothing more is sent.");
      }
      const pause: Pause = { sinceMs: nowMs };
      if (event.by !== undefined) pause.by = event.by;
      if (event.reason !== undefined) pause.reason = event.reason;
      return go("paused", { pause });
    }
    case "resume": {
      if (rollout.status === "running") return rollout;
      const confirmed = rollout.pause?.afterWave;
      return go("running", { pause: undefined, ...(confirmed === undefined ? {} : { confirmedWave: confirmed }) });
    }
    case "cancel":
      if (!knowsEvent(rolloutTransitions, rollout.status, event.type)) return rollout;
      return go("cancelling", {
        pause: undefined,
        ...(event.reason === undefined ? {} : { cancelReason: event.reason }),
      });
    case "retry":
    case "undo": {
      const next = go("running", {
        result: undefined,
        stop: undefined,
        cancelReason: undefined,
        round: (rollout.round ?? 0) + 1,
        ...(event.type === "undo" ? { operation: "undo" } : {}),
        ...(event.requestId === undefined ? {} : { requestId: event.requestId }),
      });
      refuseIdleRound(rollout, event, nowMs);
      return next;
    }
  }
}

/** A round in which nothing would be done would end in a result that says nothing. */
function refuseIdleRound(rollout: RolloutState, event: RolloutEvent, nowMs: number): void {
  if (nowMs >= rollout.expiresAtMs) {
    throw new AppError("expired", "The plan has expired, and the yes to it with it.", { next: "Ask for it again." });
  }
  const { failed = 0, cancelled = 0, undone = 0, succeeded = 0 } = rollout.result?.counts ?? {};
  if (event.type === "undo") {
    if (rollout.undoable !== true) throw new AppError("unprocessable", "None of the plan's steps can be undone.");
    if (rollout.mode === "check")
      throw new AppError("unprocessable", "A preview changes nothing: nothing is to be undone.");
    // What is cancelled may have failed half-way before it was tried again; in the first round it never began.
    const again = rollout.round === undefined ? 0 : cancelled;
    if (succeeded + failed + again === 0) {
      throw new AppError("unprocessable", "There is nothing to undo on any appliance.");
    }
    return;
  }
  // An undo that is tried again is tried where it failed; a change also where it never came to, or was taken back.
  const again = rollout.operation === "undo" ? failed : failed + cancelled + undone;
  if (again === 0) throw new AppError("unprocessable", "There is nothing to try again: no appliance failed.");
}

const pastOf: Record<RolloutEvent["type"], string> = {
  pause: "paused",
  resume: "resumed",
  cancel: "cancelled",
  retry: "tried again",
  undo: "undone",
};
