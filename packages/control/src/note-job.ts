import { countInLane } from "@steward/aws/records/lane-minute";
import { countWork } from "@steward/aws/records/work-day";
import { dayOf } from "@steward/contracts/periods";
import { countsOfJob, type JobCounts } from "@steward/core/job/count-job";
import type { JobState } from "@steward/core/job/job-state";
import type { Context } from "./context.ts";

/**
 * Adds a job's change to the sums: its lane's minute, and where work ran. To be called by whoever has stored the change.
 * Statistics: what cannot be counted is left out, and the change stands.
 */
export async function noteJob(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  before: JobState | undefined,
  after: JobState,
): Promise<void> {
  const nowMs = deps.nowMs();
  try {
    await Promise.all(countsOfJob(before, after, nowMs).map((counts) => count(deps, after, counts, nowMs)));
  } catch (error) {
    deps.log("warn", "job_not_counted", { jobId: after.jobId, error: String(error) });
  }
}

async function count(
  { table }: Pick<Context, "table">,
  { tenantId, jobId, lane }: JobState,
  { queue, kind, counts, ratios, work }: JobCounts,
  nowMs: number,
): Promise<void> {
  await Promise.all([
    countInLane(table, { queue, kind, jobId, counts, ratios, nowMs }),
    ...(work === undefined
      ? []
      : [
          countWork(table, {
            tenantId,
            day: dayOf(nowMs).name,
            place: { workerId: work.workerId, lane, tier: work.tier, model: work.model },
            counts: {
              jobs: counts.completions ?? 0,
              failures: counts.failures ?? 0,
              tokens: (counts.promptTokens ?? 0) + (counts.completionTokens ?? 0),
              serviceMs: counts.serviceMs ?? 0,
              costMicros: Math.round(work.costUsd * 1_000_000),
            },
            nowMs,
          }),
        ]),
  ]);
}
