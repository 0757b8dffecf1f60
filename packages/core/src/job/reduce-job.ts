import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import { type JobStatus, jobHasEnded } from "@steward/contracts/states";
import { changed, checkTransition, type Transitions, unchanged } from "../reducing.ts";
import type { Step } from "../versioned.ts";
import { causeSays, failedFor } from "./failure-cause.ts";
import { isHeldBack } from "./held-back.ts";
import { resendAfterMsOf } from "./new-job.ts";
import type { JobEffect, JobEvent, JobFailure, JobState } from "./job-state.ts";

const transitions: Transitions<JobStatus, JobEvent["type"]> = {
  queued: {
    sent: ["queued"],
    claim: ["leased"],
    requeue: ["queued", "failed"],
    admit: ["queued"],
    target: ["queued", "failed"],
    pass_deadline: ["queued", "failed"],
    cancel: ["cancelled"],
  },
  leased: {
    claim: ["leased"],
    progress: ["leased"],
    succeed: ["succeeded"],
    fall_short: ["queued", "failed"],
    release: ["queued", "failed"],
    fail: ["failed"],
    requeue: ["queued", "failed"],
    pass_deadline: ["queued", "failed"],
    cancel: ["cancelled"],
  },
  succeeded: {},
  failed: {},
  cancelled: {},
};

/**
 * What an event makes of a job. An event that changes nothing returns the same object; `sent`, `requeue`,
 * `pass_deadline` and `cancel` change nothing where they come too late or too early.
 * @throws AppError `stale_attempt` for whoever does not hold the job, `expired` for a claim after the deadline,
 * `invalid_transition` for what is impossible
 */
export function reduceJob(state: JobState, event: JobEvent, nowMs: number): Step<JobState, JobEffect> {
  const go = (to: JobStatus, changes: Partial<JobState>, effects: JobEffect[] = []): Step<JobState, JobEffect> => {
    checkTransition(transitions, { from: state.status, event: event.type, to, sentence: impossible(state, event) });
    const next: JobState = { ...state, ...changes, status: to };
    return changed<JobState, JobEffect>(next, { dueAtMs: dueAtMsOf(next, state, nowMs) }, nowMs, effects);
  };
  const giveUp = (changes: Partial<JobState>, reason: string): Step<JobState, JobEffect> =>
    go("failed", { ...changes, lease: undefined }, [{ type: "give_up", reason }]);
  const giveUpForTime = (failures: JobState["failures"]) => giveUp({ failures }, timeIsOver(state, failures));
  const queueAgain = (changes: Partial<JobState>): Step<JobState, JobEffect> => {
    const failures = changes.failures ?? state.failures;
    const tier = changes.tier ?? state.tier;
    const time = tier === "claude" ? timeForClaude(state, nowMs) : {};
    if (nowMs >= (time.deadlineAtMs ?? state.deadlineAtMs)) return giveUpForTime(failures);
    const last = failures.at(-1);
    if (failures.length >= defaults.jobAttempts && last !== undefined) {
      return giveUp(changes, `Gave up after ${failures.length} attempts: ${last.reason}`);
    }
    const queued = { ...changes, ...time, lease: undefined, sentAtMs: undefined };
    // Whoever leaves the lane leaves its place; whoever comes back asks for one.
    if (tier === "claude") return go("queued", { ...queued, admittedAtMs: undefined }, [{ type: "send" }]);
    const hasPlace = state.admittedAtMs !== undefined;
    return go("queued", queued, [{ type: hasPlace ? "send" : "ask_for_place" }]);
  };
  const leaseUntil = (leaseMs: number) => Math.min(nowMs + leaseMs, state.deadlineAtMs);

  switch (event.type) {
    case "sent":
      if (state.status !== "queued" || state.sentAtMs !== undefined) return unchanged(state);
      return go("queued", { sentAtMs: nowMs });
    case "claim": {
      const { owner, claimId } = event;
      // What waited in the queue for Claude may have waited for too long.
      const time = state.tier === "claude" ? timeForClaude(state, nowMs) : {};
      const deadlineAtMs = time.deadlineAtMs ?? state.deadlineAtMs;
      const hasLapsed = leaseHasLapsed(state, nowMs);
      if (state.lease?.claimId === claimId && state.lease.owner === owner && !hasLapsed) return unchanged(state);
      if (state.status === "leased" && !hasLapsed) throw stale("Another worker holds this job.");
      if (!jobHasEnded(state.status) && nowMs >= deadlineAtMs) {
        throw new AppError("expired", "The job's deadline has passed.");
      }
      const failures = hasLapsed ? withSilence(state) : state.failures;
      if (!jobHasEnded(state.status) && failures.length >= defaults.jobAttempts) {
        throw stale("The job has used all of its attempts.");
      }
      const lease = { owner, claimId, expiresAtMs: Math.min(nowMs + event.leaseMs, deadlineAtMs) };
      return go("leased", { ...time, lease, failures, attempt: state.attempt + 1, startedAtMs: nowMs });
    }
    case "progress": {
      const lease = heldLease(state, event);
      if (nowMs >= state.deadlineAtMs) throw new AppError("expired", "The job's deadline has passed.");
      const expiresAtMs = leaseUntil(event.leaseMs);
      if (expiresAtMs <= lease.expiresAtMs) return unchanged(state);
      return go("leased", { lease: { ...lease, expiresAtMs } });
    }
    case "succeed": {
      if (state.status === "succeeded" && isHolder(state, event)) return unchanged(state);
      heldLease(state, event);
      const { output, model, grade, promptTokens, completionTokens, latencyMs } = event;
      const paid = costSoFar(state, event.costUsd);
      // The lease stays: a completion whose reply was lost is recognised by it.
      return go("succeeded", { output, model, grade, promptTokens, completionTokens, latencyMs, ...paid });
    }
    case "fall_short": {
      heldLease(state, event);
      return queueAgain({
        ...fallenShort(state, event),
        ...toAnyWorker,
        tier: event.nextTier ?? state.tier,
        secretHash: event.secretHash,
        repair: event.repair,
      });
    }
    case "release":
      heldLease(state, event);
      return queueAgain({ secretHash: event.secretHash, ...toAnyWorker });
    case "requeue": {
      if (jobHasEnded(state.status)) return unchanged(state);
      const renewed = { secretHash: event.secretHash, tier: event.tier ?? state.tier };
      if (state.status === "queued") {
        return queueAgain(
          event.toLane === true || renewed.tier === "claude" ? { ...renewed, ...toAnyWorker } : renewed,
        );
      }
      if (!leaseHasLapsed(state, nowMs)) return unchanged(state);
      return queueAgain({ ...renewed, ...toAnyWorker, failures: withSilence(state) });
    }
    case "admit": {
      if (!isHeldBack(state) || nowMs >= state.deadlineAtMs) return unchanged(state);
      const { secretHash } = event;
      // Its time begins now, and not anew where it was let in before.
      const deadlineAtMs = state.allowedMs === undefined ? state.deadlineAtMs : nowMs + state.allowedMs;
      return go("queued", { secretHash, admittedAtMs: nowMs, deadlineAtMs, allowedMs: undefined }, [{ type: "send" }]);
    }
    case "target":
      return queueAgain({ secretHash: event.secretHash, tier: "ollama", workerId: event.workerId });
    case "fail":
      heldLease(state, event);
      return giveUp(fallenShort(state, event), event.reason);
    case "pass_deadline": {
      if (jobHasEnded(state.status) || nowMs < state.deadlineAtMs) return unchanged(state);
      const wentSilent = (state.lease?.expiresAtMs ?? 0) < state.deadlineAtMs;
      const lasted = () => (wentSilent ? withSilence(state) : withFailure(state, "it did not finish in time"));
      const failures = state.status === "leased" ? lasted() : state.failures;
      const { secretHash } = event;
      if (secretHash === undefined || !claudeIsNext(state)) return giveUpForTime(failures);
      return queueAgain({ ...toAnyWorker, failures, secretHash, tier: "claude" });
    }
    case "cancel":
      if (jobHasEnded(state.status)) return unchanged(state);
      return go("cancelled", { lease: undefined });
  }
}

/**
 * Claude has not had its turn, and is not kept from it by the tenant's own other jobs. Once a job: whatever the tiers do,
 * its time ends.
 */
function claudeIsNext(state: JobState): boolean {
  const hadItsTurn = state.overtimeAtMs !== undefined || state.failures.some(({ tier }) => tier === "claude");
  const isAtWork = state.tier === "claude" && state.status === "leased";
  return !isAtWork && !hadItsTurn && !isHeldBack(state);
}

/**
 * What the workers have left of a job's time, or the way to Claude, may be too little for a turn: then that begins with a time
 * of its own. Looked at where it goes to Claude, and again where it is taken: its message may have been long on the way.
 */
function timeForClaude(state: JobState, nowMs: number): Partial<Pick<JobState, "deadlineAtMs" | "overtimeAtMs">> {
  const isEnough = state.deadlineAtMs - nowMs >= defaults.leastTurnSeconds * 1000;
  if (isEnough || !claudeIsNext(state)) return {};
  return { deadlineAtMs: nowMs + defaults.overtimeSeconds * 1000, overtimeAtMs: nowMs };
}

/** The worker that it was given to had its turn. */
const toAnyWorker = { workerId: undefined };

/**
 * Whether workers may have it again where Claude cannot be asked: none had it, or all that had it went silent, which says
 * nothing about the request. A model that has answered has said what it can.
 */
export function workersMayHelp({ failures }: Pick<JobState, "failures">): boolean {
  return failures.every((failure) => failure.tier !== "ollama" || failedFor(failure, "silent"));
}

function dueAtMsOf(state: JobState, before: JobState, nowMs: number): number | undefined {
  if (jobHasEnded(state.status)) return undefined;
  if (state.status === "leased") return state.lease?.expiresAtMs ?? state.deadlineAtMs;
  // Whoever held it back may have died before its place was asked for.
  const mayBeLost = state.sentAtMs === undefined && !(isHeldBack(state) && isHeldBack(before));
  // Whether the worker that it was given to is still there is looked at once a minute, however long its lane may take.
  const isTargeted = state.workerId !== undefined && !isHeldBack(state);
  if (mayBeLost || isTargeted) return Math.min(state.deadlineAtMs, nowMs + resendAfterMsOf(state.lane));
  // The older the job, the longer until its message is believed lost again: a queue that is merely long is not
  // flooded with copies. And one that is held back is looked at less and less.
  const patienceMs = Math.max(defaults.laneSloSeconds[state.lane] * 1000, nowMs - state.createdAtMs);
  return Math.min(state.deadlineAtMs, nowMs + patienceMs);
}

function leaseHasLapsed(state: JobState, nowMs: number): boolean {
  return state.status === "leased" && (state.lease === undefined || nowMs >= state.lease.expiresAtMs);
}

function isHolder(state: JobState, event: { owner: string; attempt: number }): boolean {
  return state.lease?.owner === event.owner && state.attempt === event.attempt;
}

/**
 * The lease, if this owner holds this attempt. A lease past its time counts until somebody else has taken the job.
 * @throws AppError `stale_attempt`
 */
export function heldLease(state: JobState, event: { owner: string; attempt: number }): NonNullable<JobState["lease"]> {
  if (state.status !== "leased" || state.lease === undefined || !isHolder(state, event)) {
    throw notYours();
  }
  return state.lease;
}

/** The answer to whoever does not hold a job: for one that is another's and for one that is nowhere the same. */
export function notYours(): AppError {
  return stale("This job is no longer yours.");
}

function withFailure(state: JobState, reason: string, seen: Omit<JobFailure, keyof Held> = {}): JobState["failures"] {
  const { attempt, tier, lease } = state;
  const { cause, latencyMs, promptTokens, completionTokens, costUsd, model, grade, staffDetail } = seen;
  return [
    ...state.failures,
    {
      attempt,
      tier,
      reason,
      ...(cause === undefined ? {} : { cause }),
      ...(staffDetail === undefined ? {} : { staffDetail }),
      ...(lease === undefined ? {} : { owner: lease.owner }),
      ...(model === undefined ? {} : { model }),
      ...(grade === undefined ? {} : { grade }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...(promptTokens === undefined ? {} : { promptTokens }),
      ...(completionTokens === undefined ? {} : { completionTokens }),
      ...(costUsd === undefined ? {} : { costUsd }),
    },
  ];
}
type Held = Pick<JobFailure, "attempt" | "tier" | "reason" | "owner">;

function withSilence(state: JobState): JobState["failures"] {
  return withFailure(state, causeSays.silent, { cause: "silent" });
}

/** What a tier that was not good enough leaves behind: why, what it took, and its words if there were any. */
function fallenShort(
  state: JobState,
  event: Extract<JobEvent, { type: "fall_short" | "fail" }>,
): Pick<JobState, "failures" | "output" | "model" | "grade" | "costUsd"> {
  return {
    failures: withFailure(state, event.reason, event),
    ...costSoFar(state, event.costUsd),
    ...(event.output === undefined ? {} : { output: event.output }),
    ...(event.model === undefined ? {} : { model: event.model }),
    ...(event.grade === undefined ? {} : { grade: event.grade }),
  };
}

function costSoFar(state: JobState, costUsd: number | undefined): Pick<JobState, "costUsd"> {
  return costUsd === undefined ? {} : { costUsd: (state.costUsd ?? 0) + costUsd };
}

function stale(message: string): AppError {
  return new AppError("stale_attempt", message, { next: "Stop working on it and take the next one." });
}

/** That nobody has put a key in is why Claude did not help; why the time is over, it is not. */
function timeIsOver(state: JobState, failures: JobState["failures"]): string {
  if (isHeldBack(state)) {
    return "Other requests of yours were ahead of it until its time was over. Ask again, for less at one time.";
  }
  const last = failures.findLast((failure) => !failedFor(failure, "no_claude_key"));
  if (last === undefined) {
    return state.tenantId === providerTenantId
      ? "No worker took the job in its time. Check with `steward status` that a worker is online."
      : "No worker had time for it.";
  }
  return `The time for it is over. The last attempt: ${last.reason}.`;
}

function impossible(state: JobState, event: JobEvent): string {
  return `The job is ${state.status}; it cannot take "${event.type.replaceAll("_", " ")}" now.`;
}
