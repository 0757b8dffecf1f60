import { countQueued, oldestQueued } from "@steward/aws/records/job";
import { lanes } from "@steward/contracts/names";
import type { Context } from "./context.ts";
import { liveWorkers } from "./live-workers.ts";

/**
 * What waits and who is there to do it, from the records: a pointer in SQS may outlive its job, and would start a GPU
 * host for nothing. `BacklogPerSlot` and `JobsRunning` are what the worker group is scaled by.
 */
export async function measureLoad(deps: Pick<Context, "table" | "nowMs" | "meter">): Promise<void> {
  const { table, meter } = deps;
  const [workers, waiting] = await Promise.all([
    liveWorkers(deps),
    Promise.all(
      lanes.map(async (lane) => {
        const [queued, oldest] = await Promise.all([countQueued(table, lane), oldestQueued(table, lane)]);
        return { lane, queued, oldest };
      }),
    ),
  ]);
  const nowMs = deps.nowMs();
  for (const { lane, queued, oldest } of waiting) {
    const ageSeconds = oldest === undefined ? 0 : Math.max(0, (nowMs - oldest.createdAtMs) / 1000);
    meter("QueuedJobs", queued, { Lane: lane });
    meter("OldestQueuedSeconds", ageSeconds, { Lane: lane });
  }
  const ready = workers.filter((worker) => worker.ready);
  const queued = sumOf(waiting, (lane) => lane.queued);
  const slots = sumOf(ready, (worker) => worker.slots);
  meter("Slots", slots);
  meter(
    "SlotsUsed",
    sumOf(ready, (worker) => worker.used),
  );
  meter("BacklogPerSlot", queued / Math.max(1, slots));
  // Also what a draining worker still has to finish: the stage is not idle before.
  const alive = workers.filter((worker) => worker.health !== "offline");
  meter("JobsRunning", queued + sumOf(alive, (worker) => worker.used));
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
