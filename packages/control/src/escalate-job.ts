import type { ClaudeAnswer, ClaudeQuestion } from "@steward/aws/outside/claude";
import { getTask } from "@steward/aws/records/task";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import type { LaneMessage } from "@steward/contracts/job";
import { claudeMostUsd, claudePriceUsd } from "@steward/core/planning/claude-price";
import { causeSays } from "@steward/core/job/failure-cause";
import { reduceJob, workersMayHelp } from "@steward/core/job/reduce-job";
import type { ProviderBreaker } from "@steward/core/provider/provider-breaker";
import { followUp } from "./admit-jobs.ts";
import { leaseJob } from "./claim-job.ts";
import { fallShort, settleJob, storeJobStep } from "./complete-job.ts";
import type { Context } from "./context.ts";
import { promptOf } from "./judge-output.ts";
import { secondsToWorker } from "./live-workers.ts";
import { reserveModelSpend } from "./model-budget.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadJob, newClaimSecret } from "./send-job.ts";

const owner = "steward:escalate";
/** The lease spans the whole call: the function's own timeout is longer, and nobody else may hold the job meanwhile. */
const leaseMs = 100_000;

export interface ClaudeAccess {
  /** The key, or undefined where none is set. Read per call: a new key works at once. */
  key: () => Promise<string | undefined>;
  /** The one before, which the last change has left; undefined where there is none. */
  previousKey: () => Promise<string | undefined>;
  ask: (question: ClaudeQuestion) => Promise<ClaudeAnswer>;
  /** Of this process: whether Anthropic is asked at all. */
  breaker: ProviderBreaker<ClaudeAnswer>;
  baseUrl?: string;
  model: string;
}

/** One message of `escalations`: asks Claude, and settles the job like a worker's answer. */
export async function escalateJob(
  deps: Pick<
    Context,
    "table" | "queues" | "actions" | "release" | "nowMs" | "secret" | "log" | "meter" | "workerStartSeconds"
  > & {
    claude: ClaudeAccess;
  },
  message: LaneMessage,
): Promise<void> {
  const { tenantId, jobId } = message;
  const downMs = deps.claude.breaker.closedForMs();
  // Before it is claimed: what waits for Anthropic uses up none of its attempts.
  if (downMs > 0 && (await retryOnConflict(() => waitsFor(deps, message, downMs)))) return;
  let job: Awaited<ReturnType<typeof leaseJob>>;
  try {
    // The claim id comes from the message: a redelivery finds its own lease again instead of a foreign one.
    const claimId = uuidOf(`${jobId}:${message.secret}`);
    job = await leaseJob(deps, {
      tenantId,
      jobId,
      secret: message.secret,
      claimId,
      owner,
      tier: "claude",
      answers: true,
      leaseMs,
    });
  } catch (error) {
    // Ended, somebody else's, or past its deadline, which the reconciler records: the message has nothing more to say.
    if ((["stale_attempt", "invalid_transition", "expired"] as const).some((code) => hasCode(error, code))) return;
    throw error;
  }
  const shared = { tenantId, jobId, owner, attempt: job.attempt };
  const withoutClaude = async (reason: string, cause?: "no_claude_key") => {
    // It came here because it waited too long, or because of workers that died: another may still take it before its deadline.
    const backToWorkers = workersMayHelp(job) && (await secondsToWorker(deps)) !== undefined;
    await fallShort(deps, {
      ...shared,
      shortfall: "model_unavailable",
      reason,
      ...(cause === undefined ? {} : { cause }),
      ...(backToWorkers ? { nextTier: "ollama" as const } : { final: true }),
    });
  };
  if (deps.claude.breaker.closedForMs() > 0) {
    await withoutClaude("Claude is down, and there is no time to wait for it");
    return;
  }
  const key = await deps.claude.key();
  if (key === undefined) {
    await withoutClaude(causeSays.no_claude_key, "no_claude_key");
    return;
  }
  const task = await getTask(deps.table, { tenantId, taskId: job.taskId });
  if (task === undefined) return;
  const prompt = await promptOf(deps, task, job.repair);
  const budget = await reserveModelSpend(deps, {
    tenantId,
    kind: job.kind,
    usd: claudeMostUsd({ model: deps.claude.model, promptBytes: Buffer.byteLength(JSON.stringify(prompt)) }),
  });
  if (budget.kind === "full") {
    await withoutClaude(budget.reason);
    return;
  }
  const timeoutMs = Math.max(1_000, Math.min(job.deadlineAtMs - deps.nowMs(), leaseMs - 10_000));
  const ask = (apiKey: string) =>
    deps.claude.breaker.ask(() =>
      deps.claude.ask({
        apiKey,
        model: deps.claude.model,
        ...prompt,
        timeoutMs: Math.max(1_000, Math.min(timeoutMs, job.deadlineAtMs - deps.nowMs())),
        ...(deps.claude.baseUrl === undefined ? {} : { baseUrl: deps.claude.baseUrl }),
      }),
    );
  const asked = await ask(key);
  if (asked.kind === "down") {
    // Another question has found out meanwhile. This one was not asked: it is nobody's work, and has used up no attempt.
    await budget.settle(0);
    await giveBack(deps, shared);
    return;
  }
  let { answer } = asked;
  if (answer.kind === "failed" && answer.keyRefused === true) {
    // A key that was put in wrong, or revoked too early: the one before is tried once, and somebody is told either way.
    deps.meter("RefusedKeys", 1);
    const before = await deps.claude.previousKey();
    const tries = before !== undefined && before !== key;
    deps.log("error", "claude_key_refused", { jobId, triesPrevious: tries });
    const again = tries ? await ask(before) : undefined;
    if (again?.kind === "asked") answer = again.answer;
  }
  // Also where the answer turns out to be of no use, or comes too late: it is on the bill.
  const costUsd = answer.kind === "answer" ? claudePriceUsd(answer) : answer.billed ? budget.usd : 0;
  await budget.settle(costUsd);
  try {
    if (answer.kind === "answer") {
      deps.meter("ModelSpendUsd", costUsd);
      await settleJob(deps, {
        ...shared,
        output: answer.output,
        model: answer.model,
        promptTokens: answer.promptTokens + answer.cacheWriteTokens + answer.cacheReadTokens,
        completionTokens: answer.completionTokens,
        durationMs: answer.latencyMs,
        costUsd,
      });
    } else {
      const { reason, staffDetail } = answer;
      deps.log("warn", "claude_failed", { jobId, reason: staffDetail ?? reason });
      await fallShort(deps, {
        ...shared,
        shortfall: "model_error",
        reason,
        ...(staffDetail === undefined ? {} : { staffDetail }),
        final: !answer.retryable,
        model: deps.claude.model,
        latencyMs: answer.latencyMs,
        costUsd,
      });
    }
  } catch (error) {
    // The deadline passed or the task was cancelled meanwhile: the answer has nowhere to go, and that is recorded.
    if (!hasCode(error, "stale_attempt") && !hasCode(error, "invalid_transition")) throw error;
  }
}

/** Claimed and not asked: it waits for Anthropic like those that were not claimed. */
async function giveBack(
  deps: Parameters<typeof followUp>[0] & Parameters<typeof storeJobStep>[0],
  { tenantId, jobId, attempt }: { tenantId: string; jobId: string; attempt: number },
): Promise<void> {
  await retryOnConflict(async () => {
    const job = await loadJob(deps, tenantId, jobId);
    // Taken back already, by a call whose reply was lost, or ended meanwhile.
    if (job?.status !== "leased" || job.attempt !== attempt) return;
    const { secret, secretHash } = newClaimSecret(deps);
    const step = reduceJob(job, { type: "release", owner, attempt, secretHash }, deps.nowMs());
    await storeJobStep(deps, job, step, owner);
    await followUp(deps, step, secret);
  });
}

/**
 * Lets a job wait for Anthropic without claiming it: back to the workers, where they have not seen it yet and its tenant's
 * window has a place, or in the queue until it is to be asked again. False where there is no time for that.
 *
 * Always under a new secret: this message may be delivered once more, beside the one that waits, and two with the same
 * secret would hold the same lease and both ask.
 */
async function waitsFor(
  deps: Pick<Context, "table" | "queues" | "actions" | "nowMs" | "secret" | "log" | "workerStartSeconds">,
  message: LaneMessage,
  downMs: number,
): Promise<boolean> {
  const job = await loadJob(deps, message.tenantId, message.jobId);
  if (job?.status !== "queued" || job.tier !== "claude" || job.secretHash !== sha256Hex(message.secret)) return false;
  const nowMs = deps.nowMs();
  const toWorkers = workersMayHelp(job) && (await secondsToWorker(deps)) !== undefined;
  const { secret, secretHash } = newClaimSecret(deps);
  const step = reduceJob(job, { type: "requeue", secretHash, tier: toWorkers ? "ollama" : "claude" }, nowMs);
  // By the time that it has once it is queued anew: where too little was left for a turn, it gets some on top.
  if (!toWorkers && step.state.deadlineAtMs - nowMs < downMs + defaults.leastTurnSeconds * 1000) return false;
  await storeJobStep(deps, job, step, owner);
  await followUp(deps, step, secret, toWorkers ? {} : { delaySeconds: Math.ceil(downMs / 1000) });
  return true;
}

function uuidOf(text: string): string {
  const hex = sha256Hex(text);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
