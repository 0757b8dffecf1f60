import { runIdOf } from "@steward/contracts/ids";
import { type RolloutStatus, type RunStatus, runHasEnded } from "@steward/contracts/states";
import { changed, checkTransition, unchanged } from "../reducing.ts";
import { newRun } from "../run/new-run.ts";
import type { RunState } from "../run/run-state.ts";
import type { Step } from "../versioned.ts";
import type { Fleet } from "./fleet-view.ts";
import { lookAgainMs } from "./new-rollout.ts";
import type { RolloutState } from "./rollout-state.ts";
import { rolloutHasEnded, rolloutTransitions } from "./rollout-transitions.ts";

export type RolloutEffect =
  /** Create these, unless they exist; then advance again. */
  | { type: "create_runs"; runs: RunState[] }
  /** Ask the gate, sign the envelope, and store the run as `sent`; then advance again. */
  | { type: "send_run"; runId: string }
  /** Ring the doorbells of these; they are `sent`. */
  | { type: "ring"; runIds: string[] }
  | { type: "cancel_runs"; runIds: string[]; reason?: string }
  /** The events `retry` and `begin_undo` for each of these; then advance again. */
  | { type: "retry_runs"; runIds: string[]; round: number }
  | { type: "undo_runs"; runIds: string[]; round: number }
  /** Give the task `rollout.result`. Best in the transaction that stores the ended rollout. */
  | { type: "finish_task" };

/** An appliance that does not answer is rung less and less often, but never less than this. */
const longestRingPauseMs = 15 * 60_000;
/** Two of the longest heartbeat intervals: who has not started by then is not there. */
const awayAfterMs = 10 * 60_000;

/**
 * One step of a rollout, judged from its runs as they are now; `runs` may lack some that a killed dispatcher did not
 * create. All effects may be repeated: run ids are derived, sending and ringing twice is harmless.
 */
export function advanceRollout(
  rollout: RolloutState,
  runs: RunState[],
  nowMs: number,
  _fleet?: Fleet,
): Step<RolloutState, RolloutEffect> {
  switch (rollout.status) {
    case "running":
      return advanceRunning(rollout, runs, nowMs);
    case "cancelling":
      return advanceCancelling(rollout, runs, nowMs);
    case "paused":
      return isDue(rollout, nowMs) ? go(rollout, "paused", {}, nowMs) : unchanged(rollout);
    case "succeeded":
    case "failed":
    case "cancelled":
      return unchanged(rollout);
  }
}

function advanceRunning(rollout: RolloutState, runs: RunState[], nowMs: number): Step<RolloutState, RolloutEffect> {
  const missing = missingRuns(rollout, runs, nowMs);
  if (missing.length === 0 && runs.every((run) => runHasEnded(run.status))) {
    const status = outcomeOf(runs);
    const result = { status, message: describe(runs), counts: countsOf(runs) };
    const to = status === "succeeded" || status === "simulated" ? "succeeded" : "failed";
    return go(rollout, to, { result }, nowMs, [{ type: "finish_task" }]);
  }

  const busy = runs.filter((run) => holdsPlace(run, nowMs)).length;
  const free = Math.max(0, rollout.parameters.maxConcurrency - busy);
  // Past the plan's expiry nothing is sent or rung: those runs expire by themselves.
  const isLive = nowMs < rollout.expiresAtMs;
  const toSend = isLive ? runs.filter((run) => run.status === "pending").slice(0, free) : [];
  const toRing = isLive ? runs.filter((run) => wantsRing(run, nowMs)) : [];
  const effects: RolloutEffect[] = [
    ...(missing.length > 0 ? [{ type: "create_runs" as const, runs: missing }] : []),
    ...toSend.map((run) => ({ type: "send_run" as const, runId: run.runId })),
  ];
  if (toRing.length > 0) effects.push({ type: "ring", runIds: toRing.map((run) => run.runId) });
  if (effects.length === 0 && !isDue(rollout, nowMs)) return unchanged(rollout);
  return go(rollout, "running", {}, nowMs, effects);
}

function advanceCancelling(rollout: RolloutState, runs: RunState[], nowMs: number): Step<RolloutState, RolloutEffect> {
  if (runs.every((run) => runHasEnded(run.status))) {
    // Where every appliance had finished before the cancellation reached it, that is what the person is told.
    const isComplete = runs.length === rollout.targets.length;
    const wasTooLate = isComplete && runs.every((run) => !["cancelled", "expired"].includes(run.status));
    const status = wasTooLate ? outcomeOf(runs) : "cancelled";
    const message = wasTooLate
      ? `${describe(runs)} The cancellation came too late.`
      : `Cancelled${rollout.cancelReason === undefined ? "" : ` (${rollout.cancelReason})`}. ${describe(runs)}`.trim();
    const result = { status, message, counts: countsOf(runs) };
    return go(rollout, "cancelled", { result }, nowMs, [{ type: "finish_task" }]);
  }
  const open = runs.filter((run) => run.status === "pending" || run.status === "sent").map((run) => run.runId);
  if (open.length === 0 && !isDue(rollout, nowMs)) return unchanged(rollout);
  return go(
    rollout,
    "cancelling",
    {},
    nowMs,
    open.length > 0
      ? [
          {
            type: "cancel_runs",
            runIds: open,
            ...(rollout.cancelReason === undefined ? {} : { reason: rollout.cancelReason }),
          },
        ]
      : [],
  );
}

function go(
  rollout: RolloutState,
  to: RolloutStatus,
  changes: Partial<RolloutState>,
  nowMs: number,
  effects: RolloutEffect[] = [],
): Step<RolloutState, RolloutEffect> {
  const sentence = `The rollout is ${rollout.status} and cannot become ${to}.`;
  checkTransition(rolloutTransitions, { from: rollout.status, event: "advance", to, sentence });
  const dueAtMs = rolloutHasEnded(to) ? undefined : nowMs + lookAgainMs;
  return changed(rollout, { ...changes, status: to, dueAtMs }, nowMs, effects);
}

function isDue(rollout: RolloutState, nowMs: number): boolean {
  return rollout.dueAtMs === undefined || nowMs >= rollout.dueAtMs;
}

function missingRuns(rollout: RolloutState, runs: RunState[], nowMs: number): RunState[] {
  const existing = new Set(runs.map((run) => run.runId));
  const missing: RunState[] = [];
  rollout.targets.forEach((target, index) => {
    const runId = runIdOf(rollout.rolloutId, index);
    if (existing.has(runId)) return;
    const { tenantId, rolloutId, taskId, expiresAtMs, allowedMs } = rollout;
    const shared = { tenantId, rolloutId, taskId, expiresAtMs, allowedMs, wave: rollout.waveOf?.[index] ?? 1 };
    missing.push(newRun({ ...shared, runId, applianceId: target.id, applianceName: target.name }, nowMs));
  });
  return missing;
}

/**
 * Counts towards the rollout's concurrency: it runs, or was told so lately that it may be about to. An appliance that is
 * away keeps its command until the plan's expiry, but must not keep the others waiting for so long.
 */
function holdsPlace(run: RunState, nowMs: number): boolean {
  if (run.status === "sent") return nowMs - (run.sentAtMs ?? nowMs) < awayAfterMs;
  return run.status === "running" || run.status === "undoing";
}

function wantsRing(run: RunState, nowMs: number): boolean {
  if (run.status !== "sent") return false;
  if (run.rungAtMs === undefined) return true;
  const waitedMs = run.rungAtMs - (run.sentAtMs ?? run.rungAtMs);
  return nowMs - run.rungAtMs >= Math.min(longestRingPauseMs, Math.max(lookAgainMs, waitedMs));
}

function outcomeOf(runs: RunState[]): NonNullable<RolloutState["result"]>["status"] {
  const statuses = new Set(runs.map((run) => run.status));
  const onlyHas = (...allowed: RunStatus[]) => [...statuses].every((status) => allowed.includes(status));
  if (onlyHas("succeeded")) return "succeeded";
  // One simulated appliance is enough for the whole to say so: nothing there was changed.
  if (onlyHas("succeeded", "simulated")) return "simulated";
  if (onlyHas("expired")) return "expired";
  return "failed";
}

function countsOf(runs: RunState[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const run of runs) counts[run.status] = (counts[run.status] ?? 0) + 1;
  return counts;
}

/** "2 of 3 appliances succeeded, 1 failed (nas-1: disk full)." */
function describe(runs: RunState[]): string {
  if (runs.length === 0) return "Nothing was sent to any appliance.";
  const parts = Object.entries(countsOf(runs))
    .sort(([, a], [, b]) => b - a)
    .map(([status, count]) => `${count} ${status}`);
  const noun = runs.length === 1 ? "appliance" : "appliances";
  const failed = runs.find((run) => run.status === "failed" && run.reason !== undefined);
  const why = failed === undefined ? "" : ` ${failed.applianceName}: ${failed.reason}.`;
  return `Of ${runs.length} ${noun}: ${parts.join(", ")}.${why}`;
}
