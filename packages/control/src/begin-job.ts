import { hasCode } from "@steward/contracts/errors";
import { isHeldBack } from "@steward/core/job/held-back";
import type { JobState } from "@steward/core/job/job-state";
import { admitJobs } from "./admit-jobs.ts";
import type { Context } from "./context.ts";
import { noteJob } from "./note-job.ts";
import { holdJob, releaseEndedJob } from "./quotas.ts";
import { sendJob } from "./send-job.ts";

/**
 * A new job's way out: counted, stored with its task by `store`, which answers it as it is stored, and then sent, or let in
 * when there is room. Throws `quota_exceeded` where its tenant may have no more.
 */
export async function beginJob(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log">,
  { job, secret, store }: { job: JobState; secret: string; store: () => Promise<JobState> },
): Promise<void> {
  await holdJob(deps, job);
  const stored = await store().catch(async (error: unknown) => {
    // Where nobody knows whether it was stored, the job's end makes the room again, or a later count.
    if (hasCode(error, "conflict")) await releaseEndedJob(deps, job, { ...job, status: "cancelled" });
    throw error;
  });
  await Promise.all([
    isHeldBack(stored) ? admitJobs(deps, { ...stored, candidates: [stored] }) : sendJob(deps, stored, secret),
    noteJob(deps, undefined, stored),
  ]);
}
