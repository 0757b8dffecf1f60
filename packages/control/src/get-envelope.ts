import { getPresence } from "@steward/aws/records/presence";
import { getRun, listRunsOfAppliance, getEnvelope as readEnvelope } from "@steward/aws/records/run";
import { AppError } from "@steward/contracts/errors";
import type { SignedDocument } from "@steward/contracts/signed";
import { runHasEnded } from "@steward/contracts/states";
import { awaitsStart, isUnderWay } from "@steward/core/run/run-phase";
import { forgetDoorbell } from "./doorbell.ts";
import type { Context, NodeCaller } from "./context.ts";
import { loadOwnRun } from "./load-run.ts";

/** The signed command of the run's current attempt. Fetching changes nothing: it may be fetched again. */
export async function getEnvelope(
  deps: Pick<Context, "table">,
  node: NodeCaller,
  params: { runId: string },
): Promise<SignedDocument> {
  const run = await loadOwnRun(deps, node, params.runId);
  if (runHasEnded(run.status)) throw new AppError("expired", `run ${run.runId} has ended: ${run.status}`);
  const envelope = await readEnvelope(deps.table, run);
  if (envelope === undefined)
    throw new AppError("invalid_transition", `run ${run.runId} has not been sent yet`, { retryable: true });
  return envelope;
}

const maxListed = 200;

/**
 * Runs that wait for this appliance, oldest first. What its heartbeats are told of is looked at itself: the index trails,
 * and a doorbell that was left behind by a kill would take one of the few places for good.
 */
export async function pendingRuns(deps: Pick<Context, "table" | "log">, node: NodeCaller): Promise<{ runs: string[] }> {
  const { tenantId, nodeId } = node;
  const [presence, listed] = await Promise.all([
    getPresence(deps.table, nodeId),
    listRunsOfAppliance(deps.table, { tenantId, applianceId: nodeId }, { limit: maxListed, liveOnly: true }),
  ]);
  const waiting = new Set(listed.filter((run) => awaitsStart(run) || isUnderWay(run)).map((run) => run.runId));
  for (const runId of presence?.directive.pendingRuns ?? []) {
    const run = await getRun(deps.table, { tenantId, runId });
    if (run !== undefined && awaitsStart(run) && run.applianceId === nodeId) waiting.add(runId);
    else await forgetDoorbell(deps, nodeId, runId);
  }
  return { runs: [...waiting].sort() };
}
