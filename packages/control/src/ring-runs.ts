import { doorbellOf } from "@steward/core/node/node-state";
import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { awaitsStart } from "@steward/core/run/run-phase";
import type { RunState } from "@steward/core/run/run-state";
import { changeRun } from "./change-run.ts";
import type { Context } from "./context.ts";
import { forgetDoorbell, pullDoorbell, ssmDoorbell, type WithDoorbell } from "./doorbell.ts";
import { inParallel } from "./in-parallel.ts";
import { loadNodes } from "./load-targets.ts";

const atOnce = 16;
/** So many are rung before it is noted that they were: whoever dies in between rings no more than these again. */
const batchSize = 200;

/**
 * Rings. Every appliance's next heartbeat names the run too, whatever its doorbell: a ring that SSM loses costs one
 * interval and nothing else. Answers whether all were rung in the time.
 */
export async function ringRuns(
  deps: Pick<Context, "table" | "nowMs" | "log" | "meter"> & WithDoorbell,
  rollout: RolloutState,
  runs: readonly RunState[],
  who: string,
  untilMs: number,
): Promise<boolean> {
  for (let start = 0; start < runs.length; start += batchSize) {
    if (performance.now() >= untilMs) return false;
    await ringBatch(deps, rollout, runs.slice(start, start + batchSize), who);
  }
  return true;
}

async function ringBatch(
  deps: Pick<Context, "table" | "nowMs" | "log" | "meter"> & WithDoorbell,
  rollout: RolloutState,
  runs: readonly RunState[],
  who: string,
): Promise<void> {
  const { tenantId, rolloutId } = rollout;
  const nodes = await loadNodes(
    deps,
    tenantId,
    runs.map((run) => run.applianceId),
  );
  const isRungBySsm = (index: number) => {
    const node = nodes[index];
    return node !== undefined && doorbellOf(node) === "ssm";
  };
  const callOf = ({ applianceId, runId }: RunState) => ({ nodeId: applianceId, runId });
  const [, { refused }] = await Promise.all([
    pullDoorbell(deps).ring(runs.filter((_, index) => !isRungBySsm(index)).map(callOf), rolloutId),
    ssmDoorbell(deps).ring(runs.filter((_, index) => isRungBySsm(index)).map(callOf), rolloutId),
  ]);
  await inParallel(runs, atOnce, async (run) => {
    const now = await changeRun(deps, run, { type: "ring", refused: refused.has(run.applianceId) }, who);
    // It may have started or ended while it was rung for; nobody else would take it off the list then.
    if (now === undefined || !awaitsStart(now)) await forgetDoorbell(deps, run.applianceId, run.runId);
  });
}
