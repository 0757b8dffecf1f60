import { replaceJob } from "@steward/aws/records/job";
import { getNode } from "@steward/aws/records/node";
import { getTask } from "@steward/aws/records/task";
import { getTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import type { ClaimAnswer } from "@steward/contracts/job";
import { jobHasEnded } from "@steward/contracts/states";
import type { JobState } from "@steward/core/job/job-state";
import { reduceJob } from "@steward/core/job/reduce-job";
import { mayAct } from "@steward/core/tenant/tenant-now";
import { isShutOut } from "@steward/core/node/cut-off";
import type { Context, NodeCaller } from "./context.ts";
import { promptOf } from "./judge-output.ts";
import { noteJob } from "./note-job.ts";
import { goOnFor } from "./request-scope.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadJob } from "./send-job.ts";

/**
 * Takes a job under a lease, for whoever shows the secret of its newest message. The same `claimId` again gets the same
 * answer, so a lost reply costs nothing. `stale_attempt`: drop the message, the job is ended or somebody else's. Whoever
 * may not work is told `conflict`, which workers of every version take as "leave it to others": for a refusal that is
 * final they would delete the message, and with it a job that somebody else could do.
 */
export async function claimJob(
  deps: Pick<Context, "table" | "actions" | "nowMs" | "jobTimes" | "log">,
  node: NodeCaller,
  params: { jobId: string },
  body: { tenantId: string; secret: string; claimId: string; answers?: boolean | undefined },
): Promise<ClaimAnswer> {
  // A worker reads what customers write: one whose enrolment is in doubt gets nothing to read.
  const worker = await getNode(deps.table, { tenantId: node.tenantId, nodeId: node.nodeId });
  if (worker === undefined || isShutOut(worker)) {
    throw new AppError("conflict", "this worker is shut out: it was removed, or its token was used with another key", {
      next: "look at the machine, remove it, and enrol it again with a new token",
      details: { shutOut: true },
    });
  }
  return actFor(body.tenantId, () => claim(deps, node, params, body));
}

async function claim(...[deps, node, params, body]: Parameters<typeof claimJob>): Promise<ClaimAnswer> {
  const job = await leaseJob(deps, {
    tenantId: body.tenantId,
    jobId: params.jobId,
    secret: body.secret,
    claimId: body.claimId,
    owner: node.nodeId,
    tier: "ollama",
    answers: body.answers === true,
    leaseMs: (deps.jobTimes?.leaseSeconds ?? defaults.leaseSeconds) * 1000,
  });
  const task = await getTask(deps.table, { tenantId: job.tenantId, taskId: job.taskId });
  if (task === undefined) throw new AppError("stale_attempt", "the job's task is gone");
  const prompt = await promptOf(deps, task, job.repair);
  const nowMs = deps.nowMs();
  return {
    attempt: job.attempt,
    deadlineInMs: Math.max(0, job.deadlineAtMs - nowMs),
    leaseInMs: Math.max(0, (job.lease?.expiresAtMs ?? nowMs) - nowMs),
    kind: job.kind,
    ...prompt,
  };
}

/** The lease itself, for workers and for the escalation function. */
export async function leaseJob(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  input: {
    tenantId: string;
    jobId: string;
    secret: string;
    claimId: string;
    owner: string;
    tier: JobState["tier"];
    /** Whoever claims can answer questions. */
    answers: boolean;
    leaseMs: number;
  },
): Promise<JobState> {
  const leased = await retryOnConflict(async () => {
    const [job, tenant] = await Promise.all([
      loadJob(deps, input.tenantId, input.jobId),
      getTenant(deps.table, input.tenantId),
    ]);
    // A wrong secret and an absent job look the same: a worker learns nothing about jobs that it was not handed.
    if (job === undefined || job.secretHash !== sha256Hex(input.secret) || job.tier !== input.tier) {
      throw new AppError("stale_attempt", "this message is no longer the newest one of its job");
    }
    goOnFor(job.requestId);
    if (job.kind === "answer" && !input.answers) return undefined;
    // It waits: the reconciler sends it again, until its deadline or until the tenant is active again.
    if (!mayAct(tenant)) throw new AppError("stale_attempt", "no model works for this tenant now");
    if (jobHasEnded(job.status)) throw new AppError("stale_attempt", "the job has ended");
    const { state } = reduceJob(
      job,
      { type: "claim", owner: input.owner, claimId: input.claimId, leaseMs: input.leaseMs },
      deps.nowMs(),
    );
    if (state !== job) await commit(deps.table, [replaceJob(job, state)]);
    // Whoever held it before went silent.
    await noteJob(deps, job, state);
    return state;
  });
  if (leased !== undefined) return leased;
  throw new AppError("conflict", "this worker is of a version that answers no questions", {
    next: "Upgrade the worker; others take the job meanwhile.",
  });
}
