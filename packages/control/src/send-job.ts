import { getJob, replaceJob } from "@steward/aws/records/job";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { hasCode } from "@steward/contracts/errors";
import type { LaneMessage } from "@steward/contracts/job";
import { laneQueue, type QueueName, workerQueue, type WorkerQueueName } from "@steward/contracts/names";
import type { JobState } from "@steward/core/job/job-state";
import { reduceJob } from "@steward/core/job/reduce-job";
import type { Context } from "./context.ts";
import { sendAfterCommit } from "./send-later.ts";

/** A claim secret for a message, and what the record keeps of it. */
export function newClaimSecret(deps: Pick<Context, "secret">): { secret: string; secretHash: string } {
  const secret = deps.secret();
  return { secret, secretHash: sha256Hex(secret) };
}

/** Puts a queued job's pointer where its tier looks, and notes that it is out. */
export async function sendJob(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log">,
  job: JobState,
  secret: string,
  /** Later than it would be: Claude is not to be asked before. */
  { delaySeconds = 0 }: { delaySeconds?: number } = {},
): Promise<void> {
  const message: LaneMessage = {
    v: 1,
    tenantId: job.tenantId,
    jobId: job.jobId,
    secret,
    // A worker's own queue has jobs of every lane; a lane's message says nothing that its queue does not say.
    ...(job.workerId === undefined ? {} : { lane: job.lane }),
  };
  const sent =
    job.tier === "claude"
      ? await sendAfterCommit(deps, "escalations", message, job.tenantId, {
          delaySeconds: Math.max(delaySeconds, claudePauseSeconds(job)),
        })
      : await sendAfterCommit(deps, placeOf(job), message, job.tenantId);
  if (!sent) return;
  try {
    const { state } = reduceJob(job, { type: "sent" }, deps.nowMs());
    await commit(deps.table, [replaceJob(job, state)]);
  } catch (error) {
    // A worker was quicker than we: it holds the job, and nothing needs to be noted.
    if (!hasCode(error, "conflict") && !hasCode(error, "invalid_transition")) throw error;
  }
}

/** Its worker's own queue, which goes when the worker does: then the send fails, and the reconciler gives the job to its lane. */
function placeOf({ lane, workerId }: JobState): QueueName | WorkerQueueName {
  return workerId === undefined ? laneQueue(lane) : workerQueue(workerId);
}

/** An outage or a rate limit of Anthropic's lasts a while: all attempts within one second would be one attempt. */
function claudePauseSeconds(job: JobState): number {
  const failures = job.failures.filter(({ tier }) => tier === "claude").length;
  return failures === 0 ? 0 : 2 ** (failures - 1);
}

export async function loadJob(
  deps: Pick<Context, "table">,
  tenantId: string,
  jobId: string,
): Promise<JobState | undefined> {
  return getJob(deps.table, { tenantId, jobId });
}
