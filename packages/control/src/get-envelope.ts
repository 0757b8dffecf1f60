import { listRunsOfAppliance } from "@steward/aws/records/run";
import { AppError } from "@steward/contracts/errors";
import { runHasEnded } from "@steward/contracts/states";
import type { SignedDocument } from "@steward/contracts/signed";
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
  if (run.envelope === undefined)
    throw new AppError("invalid_transition", `run ${run.runId} has not been sent yet`, { retryable: true });
  return run.envelope;
}

/** Runs that wait for this appliance, oldest first. */
export async function pendingRuns(deps: Pick<Context, "table">, node: NodeCaller): Promise<{ runs: string[] }> {
  const runs = await listRunsOfAppliance(
    deps.table,
    { tenantId: node.tenantId, applianceId: node.nodeId },
    { limit: 50, liveOnly: true },
  );
  return {
    runs: runs
      .filter((run) => run.status === "sent" || run.status === "running")
      .map((run) => run.runId)
      .sort(),
  };
}
