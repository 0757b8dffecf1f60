import { replaceJob } from "@steward/aws/records/job";
import { commit } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import type { CompleteJob, ProgressJob } from "@steward/contracts/job";
import { redactText } from "@steward/contracts/redact";
import { jobHasEnded, taskHasEnded } from "@steward/contracts/states";
import { defaults } from "@steward/contracts/defaults";
import type { FailureCause, JobState } from "@steward/core/job/job-state";
import { planningOf } from "@steward/core/job/planning-of";
import { heldLease, notYours, reduceJob } from "@steward/core/job/reduce-job";
import { nextTry, type Shortfall, workerFell } from "@steward/core/planning/next-tier";
import { followUp, leaveLane } from "./admit-jobs.ts";
import type { Context, NodeCaller } from "./context.ts";
import { judgeOutput, takeOnWithoutModel } from "./judge-output.ts";
import { loadTask } from "./load-task.ts";
import { noteJob } from "./note-job.ts";
import { releaseEndedJob } from "./quotas.ts";
import { goOnFor } from "./request-scope.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadJob, newClaimSecret } from "./send-job.ts";
import { storeTask } from "./store-task.ts";

type Deps = Pick<Context, "table" | "queues" | "actions" | "release" | "nowMs" | "secret" | "log">;
type SettleDeps = Deps & Pick<Context, "meter">;

/** A worker's `POST /jobs/{id}/progress`: only arriving tokens extend a lease. */
export async function progressJob(
  deps: Pick<Context, "table" | "nowMs" | "jobTimes">,
  node: NodeCaller,
  params: { jobId: string },
  body: Pick<ProgressJob, "tenantId" | "attempt" | "text">,
): Promise<{ leaseInMs: number; textLength?: number }> {
  return forTenant(body, async () => {
    const job = await jobOf(deps, body.tenantId, params.jobId);
    const nowMs = deps.nowMs();
    const { state } = reduceJob(
      job,
      {
        type: "progress",
        owner: node.nodeId,
        attempt: body.attempt,
        leaseMs: (deps.jobTimes?.leaseSeconds ?? defaults.leaseSeconds) * 1000,
      },
      nowMs,
    );
    if (state !== job) await commit(deps.table, [replaceJob(job, state)]);
    const leaseInMs = Math.max(0, (state.lease?.expiresAtMs ?? nowMs) - nowMs);
    if (body.text === undefined || job.kind !== "answer") return { leaseInMs };
    const { growAnswer } = await import("./conclude-answer.ts");
    return { leaseInMs, textLength: await growAnswer(deps, state, body.text) };
  });
}

/** A worker's `POST /jobs/{id}/complete`: the raw words, graded here. */
export async function completeJob(
  deps: SettleDeps,
  node: NodeCaller,
  params: { jobId: string },
  body: CompleteJob,
): Promise<{ accepted: boolean; status: string }> {
  return actFor(body.tenantId, () => settleJob(deps, { owner: node.nodeId, jobId: params.jobId, ...body }));
}

/** A worker's `POST /jobs/{id}/release`: given back as it is, or because the model failed. */
export async function releaseJob(
  deps: Deps,
  node: NodeCaller,
  params: { jobId: string },
  body: {
    tenantId: string;
    attempt: number;
    reason: Exclude<Shortfall, "bad_form" | "low_grade"> | "draining";
    message?: string | undefined;
  },
): Promise<void> {
  const { tenantId, attempt, reason } = body;
  if (reason !== "draining") {
    await actFor(tenantId, () =>
      fallShort(deps, {
        tenantId,
        jobId: params.jobId,
        owner: node.nodeId,
        attempt,
        shortfall: reason,
        reason: workerFell[reason],
        ...(body.message === undefined ? {} : { staffDetail: redactText(body.message) }),
      }),
    );
    return;
  }
  await forTenant(body, async () => {
    const job = await jobOf(deps, body.tenantId, params.jobId);
    if (alreadySettled(job, { owner: node.nodeId, attempt: body.attempt })) return;
    const { secret, secretHash } = newClaimSecret(deps);
    const step = reduceJob(
      job,
      { type: "release", owner: node.nodeId, attempt: body.attempt, secretHash },
      deps.nowMs(),
    );
    // Past its deadline it ends, and its task with it.
    await storeJobStep(deps, job, step, node.nodeId);
    await followUp(deps, step, secret);
  });
}

/** Grades an answer and takes job and task on in one transaction. The same completion again is accepted again. */
export async function settleJob(
  deps: SettleDeps,
  given: CompleteJob & { owner: string; jobId: string; costUsd?: number },
): Promise<{ accepted: boolean; status: string }> {
  // A model may say anything, and what it says is kept. A value that was one is no value that anybody could have asked for.
  const input = { ...given, output: redactText(given.output) };
  let tier: JobState["tier"] | undefined;
  const answer = await retryOnConflict(async () => {
    const job = await jobOf(deps, input.tenantId, input.jobId);
    // What is settled is counted.
    tier = alreadySettled(job, input) ? undefined : job.tier;
    if (tier === undefined) return { accepted: true, status: job.status };
    // Before the words are judged: what judging trips over must not keep a worker that has lost the job from being told.
    heldLease(job, input);
    const task = await loadTask(deps, job.tenantId, job.taskId);
    const judged = await judgeOutput(deps, task, input.output);
    if (judged.kind === "unsure") {
      return fallShort(deps, {
        tenantId: job.tenantId,
        jobId: job.jobId,
        owner: input.owner,
        attempt: input.attempt,
        shortfall: judged.form === true ? "bad_form" : "low_grade",
        reason: judged.why,
        output: input.output,
        model: input.model,
        grade: judged.grade,
        latencyMs: input.durationMs,
        promptTokens: input.promptTokens,
        completionTokens: input.completionTokens,
        ...(input.costUsd === undefined ? {} : { costUsd: input.costUsd }),
      });
    }
    const nowMs = deps.nowMs();
    const done = reduceJob(
      job,
      {
        type: "succeed",
        owner: input.owner,
        attempt: input.attempt,
        output: input.output,
        model: input.model,
        grade: judged.grade,
        promptTokens: input.promptTokens,
        completionTokens: input.completionTokens,
        latencyMs: input.durationMs,
        ...(input.costUsd === undefined ? {} : { costUsd: input.costUsd }),
      },
      nowMs,
    ).state;
    const step = await judged.takeOn(planningOf(done));
    await storeTask(deps, {
      before: task,
      after: step.state,
      // A task that is refused would cancel its job; this job ends in this very transaction.
      effects: step.effects.filter((effect) => effect.type !== "cancel_job"),
      who: input.owner,
      what: "complete-job",
      job: { before: job, after: done },
    });
    return { accepted: true, status: done.status };
  });
  if (tier !== undefined) deps.meter("Tokens", input.completionTokens, { Tier: tier });
  return answer;
}

/** The tier fell short: the job goes on to the next one, or ends, and then the task says why. */
export async function fallShort(
  deps: Deps,
  input: {
    tenantId: string;
    jobId: string;
    owner: string;
    attempt: number;
    shortfall: Shortfall;
    reason: string;
    cause?: FailureCause;
    /** For the provider's staff alone. */
    staffDetail?: string;
    output?: string;
    model?: string;
    grade?: number;
    latencyMs?: number;
    promptTokens?: number;
    completionTokens?: number;
    costUsd?: number;
    /** No later try can help: end it now. */
    final?: boolean;
    /** The tier that is next, where it is not the one that the shortfall leads to. */
    nextTier?: JobState["tier"];
  },
): Promise<{ accepted: boolean; status: string }> {
  return retryOnConflict(async () => {
    const job = await jobOf(deps, input.tenantId, input.jobId);
    if (alreadySettled(job, input)) return { accepted: true, status: job.status };
    const nowMs = deps.nowMs();
    const { secret, secretHash } = newClaimSecret(deps);
    const { tenantId: _tenant, jobId: _job, shortfall, final, nextTier: chosen, ...seen } = input;
    const next =
      chosen === undefined ? nextTry(job, shortfall) : { kind: "try" as const, tier: chosen, repairs: false };
    const step = reduceJob(
      job,
      final === true || next.kind === "end"
        ? { type: "fail", ...seen }
        : {
            type: "fall_short",
            ...seen,
            nextTier: next.tier,
            ...(next.repairs ? { repair: input.reason } : {}),
            secretHash,
          },
      nowMs,
    );
    await storeJobStep(deps, job, step, input.owner);
    await followUp(deps, step, secret);
    return { accepted: true, status: step.state.status };
  });
}

/** Stores a job's step; where it gives up, the task ends in the same transaction and says what was tried. */
export async function storeJobStep(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log" | "actions" | "secret">,
  before: JobState,
  step: ReturnType<typeof reduceJob>,
  who: string,
): Promise<void> {
  const storeJob = async () => {
    await commit(deps.table, [replaceJob(before, step.state)]);
    await Promise.all([releaseEndedJob(deps, before, step.state), noteJob(deps, before, step.state)]);
    await leaveLane(deps, before, step.state);
  };
  const givenUp = step.effects.find((effect) => effect.type === "give_up");
  if (givenUp === undefined) {
    await storeJob();
    return;
  }
  const task = await loadTask(deps, before.tenantId, before.taskId);
  if (taskHasEnded(task.status)) {
    await storeJob();
    return;
  }
  const ended = await takeOnWithoutModel(deps, task, { job: step.state, reason: givenUp.reason });
  await storeTask(deps, {
    before: task,
    after: ended.state,
    effects: [],
    who,
    what: "give-up-job",
    job: { before, after: step.state },
  });
}

/** A worker is the provider's; what it does to a job is done for the tenant whose job it says it holds. */
function forTenant<T>({ tenantId }: { tenantId: string }, step: () => Promise<T>): Promise<T> {
  return actFor(tenantId, () => retryOnConflict(step));
}

async function jobOf(deps: Pick<Context, "table">, tenantId: string, jobId: string): Promise<JobState> {
  const job = await loadJob(deps, tenantId, jobId);
  // Absent and not held look the same: a worker learns nothing about jobs that are not its own.
  if (job === undefined) throw notYours();
  goOnFor(job.requestId);
  return job;
}

/** This holder's attempt has its outcome recorded already: the reply was lost, not the call. */
function alreadySettled(job: JobState, { owner, attempt }: { owner: string; attempt: number }): boolean {
  if (job.attempt !== attempt) return false;
  if (job.status === "succeeded") return job.lease?.owner === owner;
  const last = job.failures.at(-1);
  return last?.attempt === attempt && last.owner === owner && (jobHasEnded(job.status) || job.status === "queued");
}
