import { type Due, listDue } from "@steward/aws/records/due";
import { getRun, replaceRun } from "@steward/aws/records/run";
import { getTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import { defaults } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import { lanes } from "@steward/contracts/names";
import { jobHasEnded, runHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { JobState } from "@steward/core/job/job-state";
import { judgeWait } from "@steward/core/job/judge-wait";
import { reduceJob } from "@steward/core/job/reduce-job";
import { overdueEvent } from "@steward/core/run/judge-stuck";
import { reduceRun } from "@steward/core/run/reduce-run";
import { reduceTask } from "@steward/core/task/reduce-task";
import { admitJobs, followUp, readBacklog } from "./admit-jobs.ts";
import { audited } from "./audit.ts";
import { storeJobStep } from "./complete-job.ts";
import { forgetDoorbell } from "./doorbell.ts";
import type { Context } from "./context.ts";
import { cutOffNode } from "./cut-off-node.ts";
import { inTurn } from "./in-turn.ts";
import { removeRunSecret } from "./remove-run-secret.ts";
import { liveWorkers } from "./live-workers.ts";
import { lookAtAlert } from "./look-at-alert.ts";
import { forRequest, goOnFor } from "./request-scope.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadJob, newClaimSecret } from "./send-job.ts";
import { sendAfterCommit } from "./send-later.ts";
import { spreadThresholds } from "./thresholds.ts";
import { wakeRollout } from "./wake-rollout.ts";
import { storeTask } from "./store-task.ts";

type Deps = Parameters<typeof cutOffNode>[0] & Parameters<typeof removeRunSecret>[0] & Pick<Context, "meter">;

const who = "steward:reconcile";
/** A minute's deadlines of a large installation, or one tenant's flood; what is beyond it has to wait for the next call. */
const batch = 10_000;
const atOnce = 10;
/** The function has 55 s: what it began it also ends. */
const budgetMs = 40_000;
/** One tenant's nodes are brought to its thresholds for so long at a time. */
const spreadMs = 10_000;

/**
 * Enforces every deadline: whatever died, the record says when somebody must look at it, and this looks. Bounded per
 * call; what is left is still due at the next one. Answers how many records it looked at.
 *
 * Tenants take turns: ten thousand deadlines of one take as many calls as they need, and another's one is looked at in
 * this call. Looking does not always move a deadline (a rollout's is the dispatcher's to move), so the bound must be far
 * above what can be stuck at one time: of one tenant those that are longest overdue come first.
 */
export async function reconcile(deps: Deps): Promise<{ looked: number; failed: number }> {
  const untilMs = performance.now() + budgetMs;
  const due = inTurn(await listDue(deps.table, deps.nowMs(), batch));
  let looked = 0;
  let failed = 0;
  const left = due[Symbol.iterator]();
  const workThrough = async () => {
    for (const record of left) {
      if (performance.now() > untilMs) return;
      looked += 1;
      await forRequest(undefined, async () => {
        try {
          await retryOnConflict(() => lookFor(deps, record));
        } catch (error) {
          // One bad record must not keep the others from their deadlines; it stays due and is tried again.
          failed += 1;
          deps.log("error", "reconcile_failed", { type: record.type, id: record.id, error: String(error) });
        }
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, workThrough));
  return { looked, failed };
}

/** What is due is found for all tenants; what is done about it is done for its own. */
function lookFor(deps: Deps, record: Due): Promise<void> {
  return record.tenantId === "-" ? look(deps, record) : actFor(record.tenantId, () => look(deps, record));
}

async function look(deps: Deps, record: Due): Promise<void> {
  switch (record.type) {
    case "job":
      return lookAtJob(deps, record);
    case "admission":
      return lookAtAdmission(deps, record);
    case "run":
      return lookAtRun(deps, record);
    case "task":
      return lookAtTask(deps, record);
    case "node":
      return cutOffNode(deps, { tenantId: record.tenantId, nodeId: record.id });
    case "secret":
      return removeRunSecret(deps, record);
    case "alert":
      return lookAtAlert(deps, { tenantId: record.tenantId, alertId: record.id });
    case "alerting":
      await spreadThresholds(deps, { tenantId: record.tenantId, untilMs: performance.now() + spreadMs });
      return;
    case "notice":
      await sendAfterCommit(deps, "notifications", { tenantId: record.tenantId, noticeId: record.id }, record.tenantId);
      return;
    case "rollout":
      await sendAfterCommit(deps, "rollouts", { tenantId: record.tenantId, rolloutId: record.id }, record.tenantId);
      return;
    default:
      deps.log("warn", "reconcile_unknown", { type: record.type, id: record.id });
  }
}

async function lookAtJob(deps: Deps, record: Due): Promise<void> {
  const job = await loadJob(deps, record.tenantId, record.id);
  const nowMs = deps.nowMs();
  if (job === undefined || jobHasEnded(job.status) || (job.dueAtMs ?? 0) > nowMs) return;
  goOnFor(job.requestId);
  const { secret, secretHash } = newClaimSecret(deps);
  if (nowMs >= job.deadlineAtMs) {
    const step = reduceJob(job, { type: "pass_deadline", secretHash }, nowMs);
    await storeJobStep(deps, job, step, who);
    await followUp(deps, step, secret);
    return;
  }
  if (job.status === "queued" && job.workerId !== undefined) {
    const step = reduceJob(
      job,
      { type: "requeue", secretHash, ...((await mayStillTake(deps, job)) ? {} : { toLane: true as const }) },
      nowMs,
    );
    await storeJobStep(deps, job, step, who);
    await followUp(deps, step, secret);
    return;
  }
  const waiting = judgeWait(job, { ...(await readBacklog(deps, job)), nowMs });
  if (waiting.kind === "escalate")
    deps.log("info", "job_escalated", { jobId: job.jobId, lane: job.lane, why: waiting.why });
  const tier = waiting.kind === "escalate" ? { tier: "claude" as const } : {};
  const step = reduceJob(job, { type: "requeue", secretHash, ...tier }, nowMs);
  await storeJobStep(deps, job, step, who);
  await followUp(deps, step, secret);
}

/** Places that those who had them did not give back, and jobs that nobody let in. */
async function lookAtAdmission(deps: Deps, { tenantId, id }: Due): Promise<void> {
  const lane = lanes.find((known) => known === id);
  if (lane !== undefined) await admitJobs(deps, { tenantId, lane, look: true });
}

/** Whether the worker that a job was given to is there for it, and the lane's promise is not broken yet. */
async function mayStillTake(deps: Deps, { workerId, lane, createdAtMs }: JobState): Promise<boolean> {
  if (deps.nowMs() - createdAtMs >= defaults.laneSloSeconds[lane] * 1000) return false;
  const workers = await liveWorkers(deps);
  return workers.some((worker) => worker.id === workerId && worker.ready);
}

async function lookAtRun(deps: Deps, record: Due): Promise<void> {
  const run = await getRun(deps.table, { tenantId: record.tenantId, runId: record.id });
  const nowMs = deps.nowMs();
  if (run === undefined || runHasEnded(run.status) || (run.dueAtMs ?? 0) > nowMs) return;
  goOnFor(run.requestId);
  const event = overdueEvent(run);
  const { state, effects } = reduceRun(run, { type: event }, nowMs);
  if (state === run) return;
  await commit(deps.table, [
    replaceRun(run, state),
    audited(nowMs, { tenantId: run.tenantId, who, what: `${event}-run`, record: run.runId, before: run, after: state }),
  ]);
  if (effects.some((effect) => effect.type === "forget_doorbell"))
    await forgetDoorbell(deps, run.applianceId, run.runId);
  await wakeRollout(deps, run);
}

async function lookAtTask(deps: Deps, record: Due): Promise<void> {
  const task = await getTask(deps.table, { tenantId: record.tenantId, taskId: record.id });
  const nowMs = deps.nowMs();
  if (task === undefined || taskHasEnded(task.status) || (task.dueAtMs ?? 0) > nowMs) return;
  goOnFor(task.requestId);
  // Also where it runs: a rollout has its own, earlier deadlines, and one that still has not ended cannot end by itself.
  try {
    const { state, effects } = reduceTask(task, { type: "expire" }, nowMs);
    await storeTask(deps, { before: task, after: state, effects, who, what: "expire-task" });
  } catch (error) {
    if (!hasCode(error, "invalid_transition")) throw error;
    deps.log("error", "task_cannot_expire", { taskId: task.taskId, status: task.status });
  }
}
