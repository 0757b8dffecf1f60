import { createJob } from "@steward/aws/records/job";
import { defaults } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { newJob } from "@steward/core/job/new-job";
import { predictLane } from "@steward/core/planning/predict-lane";
import type { PlanningContext } from "@steward/core/planning/planning-types";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import { buildPrompt } from "@steward/core/planning/prompt";
import type { Context } from "./context.ts";
import { secondsToWorker } from "./live-workers.ts";
import { noteJob } from "./note-job.ts";
import { holdJob, releaseEndedJob } from "./quotas.ts";
import { newClaimSecret, sendJob } from "./send-job.ts";
import { storeTask, type TaskChange } from "./store-task.ts";
import { requireActive } from "./tenant-now.ts";

/**
 * Gives a task to a model: stores it as `thinking` together with its job, then sends the pointer. Where no worker with
 * a model is alive, nor started when jobs wait, the job starts at the tier `claude`; without a key there the task fails at
 * once and says how to connect a model. Throws `tenant_suspended` where no model may work for the tenant.
 */
export async function startThinking(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log" | "jobTimes" | "workerStartSeconds">,
  task: TaskState,
  context: PlanningContext,
  {
    workerId,
    ...change
  }: Pick<TaskChange, "before" | "who" | "what" | "requestId"> & {
    /** The worker it is given to first. */ workerId?: string;
  },
): Promise<TaskState> {
  await requireActive(deps, task.tenantId);
  const nowMs = deps.nowMs();
  const prompt = buildPrompt(context);
  const { secret, secretHash } = newClaimSecret(deps);
  const waitSeconds = await secondsToWorker(deps);
  const lane = predictLane({ promptCharacters: prompt.prompt.length, instruction: context.instruction });
  const deadlineSeconds = deps.jobTimes?.deadlineSeconds ?? defaults.jobDeadlineSeconds[lane];
  const job = newJob(
    {
      tenantId: task.tenantId,
      jobId: newId("job", nowMs),
      taskId: task.taskId,
      lane,
      tier: waitSeconds === undefined ? "claude" : "ollama",
      secretHash,
      ...(workerId === undefined || waitSeconds === undefined ? {} : { workerId }),
      deadlineSeconds: deadlineSeconds + (waitSeconds ?? 0),
    },
    nowMs,
  );
  const { state, effects } = reduceTask(
    task,
    { type: "think", jobId: job.jobId, deadlineAtMs: job.deadlineAtMs },
    nowMs,
  );
  await holdJob(deps, job);
  try {
    await storeTask(deps, { ...change, after: state, effects, writes: [createJob(job)] });
  } catch (error) {
    // Where nobody knows whether it was stored, the job's end makes the room again, or a later count.
    if (hasCode(error, "conflict")) await releaseEndedJob(deps, job, { ...job, status: "cancelled" });
    throw error;
  }
  await Promise.all([sendJob(deps, job, secret), noteJob(deps, undefined, job)]);
  return state;
}
