import { gateChanged } from "@steward/aws/records/gate-epoch";
import { getJob, replaceJob } from "@steward/aws/records/job";
import { createNotice } from "@steward/aws/records/notice";
import { createRollout, getRollout, replaceRollout } from "@steward/aws/records/rollout";
import { createTask, replaceTask } from "@steward/aws/records/task";
import { commit, type Write } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import { jobHasEnded } from "@steward/contracts/states";
import type { JobState } from "@steward/core/job/job-state";
import { reduceJob } from "@steward/core/job/reduce-job";
import { noticesOf } from "@steward/core/notification/notices-of";
import { newRollout } from "@steward/core/rollout/new-rollout";
import { reduceRollout } from "@steward/core/rollout/reduce-rollout";
import type { RolloutEvent } from "@steward/core/rollout/rollout-state";
import type { TaskEffect, TaskState } from "@steward/core/task/task-state";
import { leaveLane } from "./admit-jobs.ts";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";
import { noteJob } from "./note-job.ts";
import { releaseEndedJob } from "./quotas.ts";
import { sendAfterCommit } from "./send-later.ts";
import { sendNotices } from "./send-notices.ts";

export interface TaskChange {
  /** Absent for a new task. */
  before?: TaskState;
  after: TaskState;
  effects: TaskEffect[];
  who: string;
  what: string;
  requestId?: string;
  /** The change of its job, in the same transaction. */
  job?: { before: JobState; after: JobState };
  /** Further writes of the same transaction. */
  writes?: Write[];
}

/** Stores a task's change, its audit entry and everything that its effects change in one transaction; then sends. */
export async function storeTask(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log">,
  change: TaskChange,
): Promise<void> {
  const { before, after } = change;
  const nowMs = deps.nowMs();
  const jobs = change.job === undefined ? [] : [change.job];
  const writes: Write[] = [
    before === undefined ? createTask(after) : replaceTask(before, after),
    ...(change.writes ?? []),
    ...jobs.map((job) => replaceJob(job.before, job.after)),
  ];
  const rollouts: string[] = [];
  const notices = noticesOf(before, after, nowMs, () => newId("notice", nowMs));
  writes.push(...notices.map(createNotice));
  for (const effect of change.effects) {
    switch (effect.type) {
      case "start_rollout":
        writes.push(createRollout(newRollout(after, effect.rolloutId, nowMs)));
        rollouts.push(effect.rolloutId);
        break;
      case "wake_rollout":
        rollouts.push(effect.rolloutId);
        break;
      case "cancel_rollout":
      case "retry_rollout":
      case "undo_rollout": {
        const rollout = await getRollout(deps.table, { tenantId: after.tenantId, rolloutId: effect.rolloutId });
        if (rollout !== undefined) {
          const next = reduceRollout(rollout, rolloutEventOf(effect, change.requestId), nowMs);
          // What is to start at this moment must hear of it.
          if (next !== rollout) writes.push(replaceRollout(rollout, next), ...gateChanged(after.tenantId));
          rollouts.push(effect.rolloutId);
        }
        break;
      }
      case "cancel_job": {
        const job = await getJob(deps.table, { tenantId: after.tenantId, jobId: effect.jobId });
        if (job !== undefined && !jobHasEnded(job.status)) {
          const cancelled = reduceJob(job, { type: "cancel" }, nowMs).state;
          writes.push(replaceJob(job, cancelled));
          jobs.push({ before: job, after: cancelled });
        }
        break;
      }
      default:
        effect satisfies never;
    }
  }
  writes.push(
    audited(nowMs, {
      tenantId: after.tenantId,
      who: change.who,
      what: change.what,
      record: after.taskId,
      before,
      after,
      requestId: change.requestId,
    }),
  );
  await commit(deps.table, writes);
  for (const job of jobs) {
    await Promise.all([releaseEndedJob(deps, job.before, job.after), noteJob(deps, job.before, job.after)]);
    await leaveLane(deps, job.before, job.after);
  }
  await sendNotices(deps, notices);
  for (const rolloutId of rollouts) {
    await sendAfterCommit(deps, "rollouts", { tenantId: after.tenantId, rolloutId }, after.tenantId);
  }
}

function rolloutEventOf(
  effect: Extract<TaskEffect, { type: "cancel_rollout" | "retry_rollout" | "undo_rollout" }>,
  requestId: string | undefined,
): RolloutEvent {
  const by = requestId === undefined ? {} : { requestId };
  switch (effect.type) {
    case "cancel_rollout":
      return { type: "cancel", ...(effect.reason === undefined ? {} : { reason: effect.reason }) };
    case "retry_rollout":
      return { type: "retry", ...by };
    case "undo_rollout":
      return { type: "undo", ...(effect.reason === undefined ? {} : { reason: effect.reason }), ...by };
  }
}
