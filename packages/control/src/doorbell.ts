import { addPendingRun, removePendingRun } from "@steward/aws/records/presence";
import type { Context } from "./context.ts";
import { inParallel } from "./in-parallel.ts";

/** Who is to come and fetch which run. */
export interface Call {
  nodeId: string;
  runId: string;
}

/**
 * What makes appliances fetch now. Ringing is a hint: a ring may be lost, or come twice, and must cost time at most. So a
 * doorbell never throws; it says for whom it did not ring, and `pull` is part of every other one.
 */
export interface Doorbell {
  ring(calls: readonly Call[], rolloutId: string): Promise<{ refused: ReadonlySet<string> }>;
}

export interface WithDoorbell {
  /** Rings appliances by SSM Run Command. Answers with those for which SSM did not take it. */
  ringSsm: (nodeIds: string[], rolloutId: string) => Promise<{ failed: string[] }>;
}

type Deps = Pick<Context, "table" | "log" | "meter"> & WithDoorbell;

const atOnce = 16;
const nobody: ReadonlySet<string> = new Set();

/** `pull`: the answer to the next heartbeat names the run, so it starts within an interval, and costs one write. */
export function pullDoorbell({ table, log }: Pick<Deps, "table" | "log">): Doorbell {
  return {
    async ring(calls) {
      await inParallel(calls, atOnce, async ({ nodeId, runId }) => {
        try {
          await addPendingRun(table, nodeId, runId);
        } catch (error) {
          // The reconciler has the rollout looked at again within a minute, and then it is rung again.
          log("warn", "ring_failed", { nodeId, runId, error: String(error) });
        }
      });
      return { refused: nobody };
    },
  };
}

/** `ssm`: SSM Run Command makes the appliance fetch within a second or two. What it does not take waits for the heartbeat. */
export function ssmDoorbell(deps: Deps): Doorbell {
  const pull = pullDoorbell(deps);
  return {
    async ring(calls, rolloutId) {
      await pull.ring(calls, rolloutId);
      const nodeIds = [...new Set(calls.map(({ nodeId }) => nodeId))];
      if (nodeIds.length === 0) return { refused: nobody };
      let refused: ReadonlySet<string>;
      try {
        refused = new Set((await deps.ringSsm(nodeIds, rolloutId)).failed);
      } catch (error) {
        refused = new Set(nodeIds);
        deps.log("warn", "ring_failed", { rolloutId, count: nodeIds.length, error: String(error) });
      }
      if (refused.size > 0) deps.meter("DoorbellsFailed", refused.size);
      return { refused };
    },
  };
}

/** Takes a run off the list that heartbeats answer with. A failure only makes the appliance ask once more. */
export async function forgetDoorbell(
  deps: Pick<Context, "table" | "log">,
  nodeId: string,
  runId: string,
): Promise<void> {
  try {
    await removePendingRun(deps.table, nodeId, runId);
  } catch (error) {
    deps.log("warn", "forget_doorbell_failed", { nodeId, runId, error: String(error) });
  }
}
