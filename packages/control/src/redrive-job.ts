import { createJob } from "@steward/aws/records/job";
import { newId } from "@steward/contracts/ids";
import type { JobState } from "@steward/core/job/job-state";
import { lastDeadlineOf, newJob } from "@steward/core/job/new-job";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import { beginJob } from "./begin-job.ts";
import type { Caller, Context } from "./context.ts";
import { secondsToWorker } from "./live-workers.ts";
import { newClaimSecret } from "./send-job.ts";
import { storeTask } from "./store-task.ts";
import { requireActive } from "./tenant-now.ts";

/**
 * A new job in the place of one whose message nobody could work on, with all its attempts and its time before it. The old
 * one is cancelled in the same transaction, so that two that redrive it at once make one: the second is told of a conflict.
 * Answers the new job's id. Throws `quota_exceeded` or `tenant_suspended` as a new request would.
 */
export async function redriveJob(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log" | "jobTimes" | "workerStartSeconds">,
  caller: Caller,
  { job, task }: { job: JobState; task: TaskState },
): Promise<string> {
  await requireActive(deps, job.tenantId);
  const nowMs = deps.nowMs();
  const { secret, secretHash } = newClaimSecret(deps);
  const { tenantId, taskId, kind, lane, tier, predictedSeconds, expectedTokens } = job;
  const next = newJob(
    {
      tenantId,
      taskId,
      jobId: newId("job", nowMs),
      kind,
      lane,
      tier,
      secretHash,
      // Behind those of its tenant that wait already.
      ...(tier === "ollama" ? { heldBack: true as const } : {}),
      ...(predictedSeconds === undefined ? {} : { predictedSeconds }),
      ...(expectedTokens === undefined ? {} : { expectedTokens }),
      deadlineSeconds: deps.jobTimes?.deadlineSeconds,
      waitSeconds: tier === "ollama" ? await secondsToWorker(deps) : undefined,
    },
    nowMs,
  );
  const { state, effects } = reduceTask(
    task,
    { type: "think_again", jobId: next.jobId, instead: job.jobId, deadlineAtMs: lastDeadlineOf(next) },
    nowMs,
  );
  const store = async () => {
    await storeTask(deps, {
      before: task,
      after: state,
      effects,
      who: caller.principal.id,
      what: "redrive-job",
      requestId: caller.requestId,
      writes: [createJob(next)],
    });
    return next;
  };
  await beginJob(deps, { job: next, secret, store });
  return next.jobId;
}
