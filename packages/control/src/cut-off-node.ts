import { listDue } from "@steward/aws/records/due";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { getRun, listRunsOfAppliance, replaceRun } from "@steward/aws/records/run";
import { commit } from "@steward/aws/table";
import { actFor, actForSystem } from "@steward/aws/tenant-fence";
import { defaults } from "@steward/contracts/defaults";
import { alertsOfNode } from "@steward/core/alert/node-alerts";
import { reduceJob } from "@steward/core/job/reduce-job";
import { reduceRun } from "@steward/core/run/reduce-run";
import type { NodeState } from "@steward/core/node/node-state";
import { followUp } from "./admit-jobs.ts";
import { audited } from "./audit.ts";
import { storeJobStep } from "./complete-job.ts";
import { cutOffAtMs } from "@steward/core/node/cut-off";
import { forgetDoorbell } from "./doorbell.ts";
import type { Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadJob, newClaimSecret } from "./send-job.ts";
import { settleAlerts, tellOfAlerts } from "./settle-alerts.ts";
import { sendAfterCommit } from "./send-later.ts";

type Deps = Pick<Context, "table" | "queues" | "actions" | "nowMs" | "secret" | "log" | "meter" | "jobTimes"> & {
  /** Takes the machine's registration for the doorbell `ssm` away. */
  deregister: (nodeId: string) => Promise<void>;
};

const who = "steward:reconcile";
/** An appliance runs one thing at a time; what waits for it is what a tenant may have queued. */
const maxRuns = 1_000;
const maxDue = 5_000;

/**
 * Ends what a node that was revoked or removed leaves behind: runs that wait for it, jobs that it holds, its
 * registration with SSM, its alerts. It is due until all of this was done, and may be called again at any time. What it had started cannot be
 * stopped from here: it is past its deadline some time, and counts as failed.
 */
export async function cutOffNode(deps: Deps, key: { tenantId: string; nodeId: string }): Promise<void> {
  const node = await getNode(deps.table, key);
  if (node?.dueAtMs === undefined || node.dueAtMs > deps.nowMs() || cutOffAtMs(node) === undefined) return;
  await (node.kind === "appliance" ? cancelRuns(deps, node) : releaseJobs(deps, node));
  if (node.doorbell === "ssm") await deps.deregister(node.nodeId);
  const { dueAtMs: _done, ...rest } = node;
  const { writes, notices, openings } = await settleAlerts(deps, {
    tenantId: node.tenantId,
    wishes: alertsOfNode(node, { health: node.health, causes: node.causes ?? [] }, { grouped: false }),
    node,
    who,
    record: node.nodeId,
  });
  await commit(deps.table, [
    replaceNode(node, { ...rest, version: node.version + 1, ...(openings === undefined ? {} : { openings }) }),
    ...writes,
  ]);
  await tellOfAlerts(deps, notices);
}

async function cancelRuns(deps: Deps, node: NodeState): Promise<void> {
  const { tenantId, nodeId } = node;
  const gone = node.revokedAtMs === undefined ? "removed" : "revoked";
  const live = await listRunsOfAppliance(
    deps.table,
    { tenantId, applianceId: nodeId },
    { limit: maxRuns, liveOnly: true },
  );
  for (const { runId, rolloutId } of live) {
    await retryOnConflict(async () => {
      const run = await getRun(deps.table, { tenantId, runId });
      if (run === undefined) return;
      const nowMs = deps.nowMs();
      const { state } = reduceRun(run, { type: "cancel", reason: `${node.name} was ${gone}` }, nowMs);
      if (state === run) return;
      await commit(deps.table, [
        replaceRun(run, state),
        audited(nowMs, { tenantId, who, what: "cancel-run", record: runId, before: run, after: state }),
      ]);
    });
    await forgetDoorbell(deps, nodeId, runId);
    await sendAfterCommit(deps, "rollouts", { tenantId, rolloutId }, tenantId);
  }
}

/**
 * A job is held for its lease only, and nothing extends it any more: those that are due within one are all there are.
 * Each goes back to its lane under a new secret, so that the message which the worker may still have is worth nothing.
 */
async function releaseJobs(deps: Deps, node: NodeState): Promise<void> {
  const leaseMs = (deps.jobTimes?.leaseSeconds ?? defaults.leaseSeconds) * 1000;
  const due = await actForSystem("a worker holds jobs of any tenant", () =>
    listDue(deps.table, deps.nowMs() + leaseMs, maxDue),
  );
  const release = async (tenantId: string, jobId: string): Promise<void> => {
    const job = await loadJob(deps, tenantId, jobId);
    if (job?.status !== "leased" || job.lease?.owner !== node.nodeId) return;
    const { secret, secretHash } = newClaimSecret(deps);
    const { attempt } = job;
    const step = reduceJob(job, { type: "release", owner: node.nodeId, attempt, secretHash }, deps.nowMs());
    await storeJobStep(deps, job, step, who);
    await followUp(deps, step, secret);
  };
  for (const { tenantId, id } of due.filter(({ type }) => type === "job")) {
    await actFor(tenantId, () => retryOnConflict(() => release(tenantId, id)));
  }
}
