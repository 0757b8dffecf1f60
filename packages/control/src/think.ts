import { createJob } from "@steward/aws/records/job";
import type { Write } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { JobState } from "@steward/core/job/job-state";
import { lastDeadlineOf, type NewJob, newJob } from "@steward/core/job/new-job";
import { predictJob } from "@steward/core/job/predict-job";
import type { PlanningContext } from "@steward/core/planning/planning-types";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import { buildPrompt } from "@steward/core/planning/prompt";
import { placeFor } from "./admit-jobs.ts";
import { beginJob } from "./begin-job.ts";
import type { Context } from "./context.ts";
import { secondsToWorker } from "./live-workers.ts";
import { newClaimSecret } from "./send-job.ts";
import { storeTask, type TaskChange } from "./store-task.ts";
import { readPace } from "./read-pace.ts";
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
    answering,
    ...change
  }: Pick<TaskChange, "before" | "who" | "what" | "requestId"> & {
    /** The worker it is given to first. */
    workerId?: string;
    /** The job is to answer a question instead of making a plan. `writes` are of the same transaction. */
    answering?: { promptCharacters: number; writes: Write[] };
  },
): Promise<TaskState> {
  await requireActive(deps, task.tenantId);
  const nowMs = deps.nowMs();
  const promptCharacters = answering?.promptCharacters ?? charactersOf(buildPrompt(context));
  const { secret, secretHash } = newClaimSecret(deps);
  const kind = answering === undefined ? "plan" : "answer";
  const [waitSeconds, history] = await Promise.all([secondsToWorker(deps), readPace(deps)]);
  const { lane, seconds, expectedTokens } = predictJob(
    { kind, promptCharacters, instruction: context.instruction },
    history,
  );
  const wanted: NewJob = {
    tenantId: task.tenantId,
    jobId: newId("job", nowMs),
    taskId: task.taskId,
    ...(task.requestId === undefined ? {} : { requestId: task.requestId }),
    kind,
    lane,
    predictedSeconds: seconds,
    expectedTokens,
    tier: waitSeconds === undefined ? "claude" : "ollama",
    secretHash,
    ...(workerId === undefined || waitSeconds === undefined ? {} : { workerId }),
    deadlineSeconds: deps.jobTimes?.deadlineSeconds,
    waitSeconds,
  };
  const atOnce = newJob(wanted, nowMs);
  let thinking = task;
  const store = async (job: JobState, place?: Write) => {
    const deadlineAtMs = lastDeadlineOf(job);
    const { state, effects } = reduceTask(task, { type: "think", jobId: job.jobId, deadlineAtMs }, nowMs);
    const writes = [createJob(job), ...(answering?.writes ?? []), ...(place === undefined ? [] : [place])];
    await storeTask(deps, { ...change, after: state, effects, writes });
    thinking = state;
    return job;
  };
  // Looked for while the job is counted.
  const free = freePlace();
  await beginJob(deps, { job: atOnce, secret, store: storeWithPlace });
  return thinking;

  async function freePlace(): ReturnType<typeof placeFor> {
    try {
      return atOnce.tier === "ollama" ? await placeFor(deps, atOnce) : undefined;
    } catch (error) {
      // Held back, it asks for a place once it is stored. Thrown, it would leave the tenant's number of jobs one too high.
      deps.log("warn", "place_not_read", { jobId: atOnce.jobId, error: String(error) });
      return undefined;
    }
  }

  async function storeWithPlace(): ReturnType<typeof store> {
    if (atOnce.tier === "claude") return store(atOnce);
    const heldBack = newJob({ ...wanted, heldBack: true }, nowMs);
    const place = await free;
    if (place === undefined) return store(heldBack);
    try {
      return await store(atOnce, place);
    } catch (error) {
      // The place went to another one of this tenant's: this one waits for the next.
      if (isAbout(error, "admission")) return store(heldBack);
      throw error;
    }
  }
}

const charactersOf = ({ system, prompt }: { system: string; prompt: string }) => system.length + prompt.length;

function isAbout(error: unknown, record: string): boolean {
  return error instanceof AppError && error.code === "conflict" && error.details?.["record"] === record;
}
