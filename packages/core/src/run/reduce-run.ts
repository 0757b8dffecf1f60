import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { type RunStatus, runHasEnded } from "@steward/contracts/states";
import { changed, checkTransition, knowsEvent, type Transitions, unchanged } from "../reducing.ts";
import type { Step } from "../versioned.ts";
import { awaitsStart, isUnderWay } from "./run-phase.ts";
import type { EarlierAttempt, RunEffect, RunEvent, RunState } from "./run-state.ts";

/** How long an unreachable run may still be corrected by a late result. */
export const unreachableMs = 86_400_000;
/** An appliance that waits for a place may ask at every heartbeat: not each is worth a write. */
const askAgainMs = 2 * 60_000;
/** An agent tries again at least once a minute to report a result. */
const resultGraceMs = 5 * 60_000;

const transitions: Transitions<RunStatus, RunEvent["type"]> = {
  pending: { send: ["sent"], expire: ["expired"], cancel: ["cancelled"] },
  sent: { ring: ["sent"], await_place: ["sent"], start: ["running"], expire: ["expired"], cancel: ["cancelled"] },
  running: { chunk: ["running"], result: ["succeeded", "failed", "simulated"], pass_deadline: ["unreachable"] },
  // It corrects either operation.
  unreachable: {
    chunk: ["unreachable"],
    result: ["succeeded", "failed", "simulated", "undone"],
    pass_deadline: ["failed"],
  },
  // From the decision to the end: sent, started and ended like a run, and `run-phase.ts` tells which.
  undoing: {
    send: ["undoing"],
    ring: ["undoing"],
    await_place: ["undoing"],
    start: ["undoing"],
    chunk: ["undoing"],
    result: ["undone", "failed"],
    pass_deadline: ["unreachable", "failed"],
    // What was not undone is still there.
    expire: ["failed"],
    cancel: ["failed"],
  },
  succeeded: { begin_undo: ["undoing"] },
  failed: { retry: ["pending"], begin_undo: ["undoing"] },
  simulated: {},
  // What a stopped rollout had undone, or had not sent, it does when it is tried again.
  undone: { retry: ["pending"] },
  expired: {},
  // A retry that was cancelled before it began leaves what the attempt before it had done.
  cancelled: { retry: ["pending"], begin_undo: ["undoing"] },
};
/** A person asks for each; older ones than these tell nothing more. */
const maxEarlier = 10;

/**
 * What an event makes of a run. An event that changes nothing returns the same object; `expire`, `pass_deadline`,
 * `cancel`, `ring`, `await_place`, `retry` and `begin_undo` change nothing where they come too late or too early, since whoever sends them
 * may have read an older state.
 * @throws AppError `stale_attempt` for another attempt or ledger entry, `expired` for a send or start after the plan's
 * expiry, `invalid_transition` for what is impossible
 */
export function reduceRun(state: RunState, event: RunEvent, nowMs: number): Step<RunState, RunEffect> {
  const go = (to: RunStatus, changes: Partial<RunState>, effects: RunEffect[] = []) => {
    checkTransition(transitions, { from: state.status, event: event.type, to, sentence: impossible(state, event) });
    const next: RunState = { ...state, ...changes, status: to };
    return changed<RunState, RunEffect>(next, { dueAtMs: dueAtMsOf(next, nowMs) }, nowMs, effects);
  };
  const end = (to: RunStatus, changes: Partial<RunState>) =>
    go(to, { ...changes, endedAtMs: nowMs }, [{ type: "advance_rollout" }, { type: "forget_doorbell" }]);

  switch (event.type) {
    case "send":
      if (event.attempt !== undefined && event.attempt !== state.attempt) {
        throw stale("The command was made for another attempt.");
      }
      if (state.sentAtMs !== undefined) return unchanged(state);
      if (knowsEvent(transitions, state.status, event.type)) refuseIfPlanExpired(state, nowMs);
      return go(state.status === "undoing" ? "undoing" : "sent", {
        envelope: event.envelope,
        sentAtMs: nowMs,
        ...(event.requestId === undefined ? {} : { requestId: event.requestId }),
      });
    case "ring":
      if (!awaitsStart(state)) return unchanged(state);
      return go(state.status, {
        rungAtMs: nowMs,
        rings: (state.rings ?? 0) + 1,
        ...(event.refused === true ? { ringsRefused: (state.ringsRefused ?? 0) + 1 } : {}),
      });
    case "await_place":
      if (!awaitsStart(state) || nowMs - (state.askedAtMs ?? 0) < askAgainMs) return unchanged(state);
      return go(state.status, { askedAtMs: nowMs });
    case "start": {
      if (event.attempt !== state.attempt) throw stale("This is not the run's current attempt.");
      if (state.ledgerId === undefined) {
        if (awaitsStart(state)) refuseIfPlanExpired(state, nowMs);
        // Nothing that was not sent starts.
        if (state.sentAtMs === undefined) throw new AppError("invalid_transition", impossible(state, event));
        const deadlineAtMs = nowMs + state.allowedMs;
        const { ledgerId, executor } = event;
        const begun = { ledgerId, executor, startedAtMs: nowMs, deadlineAtMs };
        return go(state.status === "undoing" ? "undoing" : "running", begun, [{ type: "forget_doorbell" }]);
      }
      if (event.ledgerId !== state.ledgerId) throw stale("Another ledger entry started this run.");
      // Only a run that may still be waiting for this answer gets it again: a ledger restored from a snapshot that
      // asks after the end must not run a second time.
      if (!isUnderWay(state) || nowMs >= (state.deadlineAtMs ?? 0)) {
        throw stale("This run was started before and its time is over.");
      }
      return unchanged(state);
    }
    case "chunk": {
      holdToLedger(state, event);
      const known = (state.output?.chunks ?? state.chunks).find((chunk) => chunk.number === event.chunk.number);
      if (known !== undefined) {
        if (known.sha256 === event.chunk.sha256 && known.bytes === event.chunk.bytes) return unchanged(state);
        throw new AppError("unprocessable", `Output chunk ${known.number} was announced before with other content.`);
      }
      const bytes = state.chunks.reduce((sum, chunk) => sum + chunk.bytes, event.chunk.bytes);
      if (bytes > defaults.maxOutputBytes || state.chunks.length >= defaults.maxOutputChunks) {
        throw new AppError("too_large", "The run's output is larger than is kept.", {
          next: "Truncate it and send the result.",
        });
      }
      return go(state.status, { chunks: [...state.chunks, event.chunk].sort((a, b) => a.number - b.number) });
    }
    case "result": {
      holdToLedger(state, event);
      const isUndo = state.operation === "undo";
      const to = isUndo && event.status === "succeeded" ? "undone" : event.status;
      if (runHasEnded(state.status) && state.status === to) return unchanged(state);
      if (event.executor !== state.executor) {
        throw new AppError("unprocessable", `The run was started by ${state.executor}, not by ${event.executor}.`);
      }
      // A simulation changes nothing and must never read as if it had.
      const success = event.executor === "simulate" ? "simulated" : "succeeded";
      if (event.status !== "failed" && (event.status !== success || (isUndo && to !== "undone"))) {
        const message = `The executor ${event.executor} cannot end ${isUndo ? "an undo" : "a run"} as ${event.status}.`;
        throw new AppError("unprocessable", message);
      }
      return end(to, {
        steps: event.steps,
        reason: event.reason,
        // The manifest takes the place of the list: both together may be more than an item holds (400 KB).
        ...(event.output === undefined ? {} : { output: event.output, chunks: [] }),
      });
    }
    case "pass_deadline": {
      if (!knowsEvent(transitions, state.status, event.type) || !isDue(state, nowMs)) return unchanged(state);
      if (state.status === "unreachable") return end("failed", { reason: "unreachable" });
      if (!isUnderWay(state)) return end("failed", { reason: notUndone("not started before the plan expired") });
      return go("unreachable", { reason: "no result came in its time" }, [{ type: "advance_rollout" }]);
    }
    case "expire":
      if (!knowsEvent(transitions, state.status, event.type) || nowMs < state.expiresAtMs) return unchanged(state);
      if (isUnderWay(state)) return unchanged(state);
      return state.status === "undoing"
        ? end("failed", { reason: notUndone("not started before the plan expired") })
        : end("expired", { reason: "not started before the plan expired" });
    case "cancel":
      if (!knowsEvent(transitions, state.status, event.type) || isUnderWay(state)) return unchanged(state);
      // Whoever stopped the attempt before may come late, when a person has asked for this one.
      if (event.attempt !== undefined && event.attempt !== state.attempt) return unchanged(state);
      return state.status === "undoing"
        ? end("failed", { reason: notUndone(event.reason ?? "cancelled") })
        : end("cancelled", { reason: event.reason ?? "cancelled" });
    case "retry":
    case "begin_undo": {
      const isUndo = event.type === "begin_undo";
      const isAsked = state.round === event.round && isUndo === (state.operation === "undo");
      if (!knowsEvent(transitions, state.status, event.type) || isAsked) return unchanged(state);
      refuseIfPlanExpired(state, nowMs);
      return go(isUndo ? "undoing" : "pending", {
        ...anotherAttempt(state),
        round: event.round,
        operation: isUndo ? "undo" : undefined,
      });
    }
  }
}

/**
 * The next attempt knows nothing of the one before but how it ended. What the old one still says (its result, once more)
 * is of another attempt and is refused.
 */
function anotherAttempt(state: RunState): Partial<RunState> {
  const { attempt, operation, status, reason, startedAtMs, endedAtMs } = state;
  const ended: EarlierAttempt = { attempt, status };
  if (operation !== undefined) ended.operation = operation;
  if (reason !== undefined) ended.reason = reason;
  if (startedAtMs !== undefined) ended.startedAtMs = startedAtMs;
  if (endedAtMs !== undefined) ended.endedAtMs = endedAtMs;
  return {
    attempt: attempt + 1,
    earlier: [...(state.earlier ?? []), ended].slice(-maxEarlier),
    steps: [],
    chunks: [],
    output: undefined,
    reason: undefined,
    envelope: undefined,
    sentAtMs: undefined,
    rungAtMs: undefined,
    rings: undefined,
    ringsRefused: undefined,
    askedAtMs: undefined,
    ledgerId: undefined,
    executor: undefined,
    startedAtMs: undefined,
    endedAtMs: undefined,
    deadlineAtMs: undefined,
  };
}

function notUndone(why: string): string {
  return `not undone: ${why}`;
}

function isDue(state: RunState, nowMs: number): boolean {
  return state.dueAtMs !== undefined && nowMs >= state.dueAtMs;
}

function dueAtMsOf(state: RunState, nowMs: number): number | undefined {
  switch (state.status) {
    case "pending":
    case "sent":
      return state.expiresAtMs;
    case "running":
      return state.deadlineAtMs;
    case "undoing":
      return isUnderWay(state) ? state.deadlineAtMs : state.expiresAtMs;
    case "unreachable":
      // Chunks that arrive late do not move it.
      if (state.dueAtMs !== undefined && state.dueAtMs > nowMs) return state.dueAtMs;
      // From its deadline on, however late that was noticed: else an outage of ours would be added, and the task's last
      // resort come first. Who comes back with us still has a moment to say how it went.
      return Math.max((state.deadlineAtMs ?? nowMs) + unreachableMs, nowMs + resultGraceMs);
    default:
      return undefined;
  }
}

function refuseIfPlanExpired(state: RunState, nowMs: number): void {
  if (nowMs >= state.expiresAtMs) throw new AppError("expired", "The plan expired before this run started.");
}

function holdToLedger(state: RunState, event: { attempt: number; ledgerId: string }): void {
  if (event.attempt !== state.attempt) throw stale("This is not the run's current attempt.");
  if (state.ledgerId === undefined) throw new AppError("invalid_transition", "This run has not been started.");
  if (event.ledgerId !== state.ledgerId) throw stale("Another ledger entry started this run.");
}

function stale(message: string): AppError {
  return new AppError("stale_attempt", message, { next: "Do not run it. Fetch the pending runs again." });
}

const verbs: Record<RunEvent["type"], string> = {
  send: "be sent",
  ring: "be rung for",
  await_place: "wait for a place",
  start: "be started",
  chunk: "take output",
  result: "take a result",
  pass_deadline: "pass its deadline",
  expire: "expire",
  cancel: "be cancelled",
  retry: "be tried again",
  begin_undo: "be undone",
};

function impossible(state: RunState, event: RunEvent): string {
  return `The run on ${state.applianceName} is ${state.status} and cannot ${verbs[event.type]}.`;
}
