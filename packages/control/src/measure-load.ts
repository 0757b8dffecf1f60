import type { Context } from "./context.ts";
import { seeLoad } from "./see-load.ts";

/**
 * What waits and who is there to do it, from the records: a pointer in SQS may outlive its job, and would start a GPU
 * host for nothing. `BacklogPerSlot` and `JobsRunning` are what the worker group is scaled by.
 */
export async function measureLoad(deps: Pick<Context, "table" | "nowMs" | "meter">): Promise<void> {
  const { meter } = deps;
  // The group is scaled by all that wait, however many they are.
  const { lanes, workers, slots, used } = await seeLoad(deps, { countsAll: true });
  for (const { lane, queued, heldBack, oldestSeconds } of lanes) {
    meter("QueuedJobs", queued, { Lane: lane });
    meter("HeldBackJobs", heldBack, { Lane: lane });
    meter("OldestQueuedSeconds", oldestSeconds, { Lane: lane });
  }
  meter("Slots", slots);
  meter("SlotsUsed", used);
  for (const { lane, waitSeconds, predictionError } of lanes) {
    if (waitSeconds !== undefined) meter("ExpectedWaitSeconds", waitSeconds, { Lane: lane });
    // The metric is a factor, as the alarm and the panel say it; the record counts logarithms.
    if (predictionError !== undefined) meter("PredictionErrorFactor", Math.exp(predictionError.p50), { Lane: lane });
  }
  const queued = sumOf(lanes, (lane) => lane.queued);
  meter("BacklogPerSlot", queued / Math.max(1, slots));
  // Also what a draining worker still has to finish: the stage is not idle before.
  const alive = workers.filter((worker) => worker.health !== "offline");
  meter("JobsRunning", queued + sumOf(alive, (worker) => worker.used));
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
