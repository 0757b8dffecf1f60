import { AppError } from "@steward/contracts/errors";
import { runSecretTimes, secretRefOf } from "@steward/contracts/run-secret";
import { changed } from "../reducing.ts";
import type { RunState } from "./run-state.ts";
import type { RunSecretEvent, RunSecretState } from "./run-secret-state.ts";

/** As it is stored, before its value is: so nothing is ever kept that nobody knows of and takes away again. */
export function newRunSecret(
  run: Pick<RunState, "tenantId" | "taskId" | "runId" | "attempt" | "applianceId" | "applianceName">,
  place: { step: number; name: string; action: string },
  nowMs: number,
): RunSecretState {
  const { tenantId, taskId, runId, attempt, applianceId, applianceName } = run;
  const expiresAtMs = nowMs + runSecretTimes.storedSeconds * 1000;
  return {
    v: 1,
    version: 1,
    tenantId,
    taskId,
    runId,
    attempt,
    applianceId,
    applianceName,
    ...place,
    ref: secretRefOf({ attempt, ...place }),
    status: "stored",
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    expiresAtMs,
    dueAtMs: expiresAtMs,
  };
}

/**
 * What an event makes of a secret; an event that changes nothing returns the same object. As long as the value is there
 * `dueAtMs` says when somebody must take it away, whatever dies.
 * @throws AppError `token_used` for a second opening, `expired` for one that comes too late, `invalid_transition` for one
 * that comes before the secret was offered
 */
export function reduceRunSecret(state: RunSecretState, event: RunSecretEvent, nowMs: number): RunSecretState {
  const go = (changes: Partial<RunSecretState>) => changed(state, changes, nowMs).state;
  switch (event.type) {
    case "offer": {
      if (state.status !== "stored") return state;
      const expiresAtMs = nowMs + runSecretTimes.openSeconds * 1000;
      return go({
        status: "waiting",
        expiresAtMs,
        dueAtMs: expiresAtMs,
        ...(event.recipientId === undefined ? {} : { recipientId: event.recipientId }),
        ...(event.unsure ? { unsure: true } : {}),
      });
    }
    case "drop":
      return state.status === "stored" ? go({ status: "expired", expiresAtMs: nowMs, dueAtMs: nowMs }) : state;
    case "open": {
      if (state.status === "opened") {
        const isAgain = state.openedBy === event.by && state.keyHash === event.keyHash;
        if (isAgain && nowMs < (state.dueAtMs ?? 0)) return state;
        throw new AppError("token_used", "it was opened before, and is shown only once", {
          next: "If it was not you: set a new one, such as with users.password.reset or mail.password.reset.",
        });
      }
      if (state.status === "expired" || nowMs >= state.expiresAtMs) {
        throw new AppError("expired", "nobody opened it in its 24 hours: it is gone", {
          next: "Set a new one, such as with users.password.reset or mail.password.reset.",
        });
      }
      if (state.status === "stored") throw new AppError("invalid_transition", "the run has not ended yet");
      return go({
        status: "opened",
        openedBy: event.by,
        openedAtMs: nowMs,
        keyHash: event.keyHash,
        dueAtMs: nowMs + runSecretTimes.againSeconds * 1000,
      });
    }
    case "expire":
      if ((state.status !== "stored" && state.status !== "waiting") || nowMs < state.expiresAtMs) return state;
      // Still due: its value is there.
      return go({ status: "expired" });
    case "removed": {
      if (state.removedAtMs !== undefined || !mayBeRemoved(state, nowMs)) return state;
      const { dueAtMs: _, ...rest } = state;
      return changed<RunSecretState, never>(rest as RunSecretState, { removedAtMs: nowMs }, nowMs).state;
    }
  }
}

/** Whether nobody is to be shown the value any more. From here on no event leads back. */
export function mayBeRemoved(state: RunSecretState, nowMs: number): boolean {
  if (state.status === "expired") return true;
  return state.status === "opened" && nowMs >= (state.openedAtMs ?? 0) + runSecretTimes.againSeconds * 1000;
}
