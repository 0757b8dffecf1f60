import { getRun } from "@steward/aws/records/run";
import { AppError } from "@steward/contracts/errors";
import type { RunState } from "@steward/core/run/run-state";
import type { Context, NodeCaller } from "./context.ts";
import { goOnFor } from "./request-scope.ts";

/** This appliance's own run, which the call is for from here on. Another's and an absent one are the same `not_found`. */
export async function loadOwnRun(deps: Pick<Context, "table">, node: NodeCaller, runId: string): Promise<RunState> {
  const run = await getRun(deps.table, { tenantId: node.tenantId, runId });
  if (run === undefined || run.applianceId !== node.nodeId) throw new AppError("not_found", `there is no run ${runId}`);
  goOnFor(run.requestId);
  return run;
}
