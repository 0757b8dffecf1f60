import { countQueued, waitingIn } from "@steward/aws/records/job";
import { readLaneMinutes } from "@steward/aws/records/lane-minute";
import { lanes } from "@steward/contracts/names";
import { rateMinutes } from "@steward/contracts/queues";
import { expectedWait } from "@steward/core/job/expected-wait";
import type { Context } from "./context.ts";
import { loadOf, ratesOf } from "./lane-rates.ts";
import { liveWorkers } from "./live-workers.ts";

/**
 * What waits and who is there to do it, from the records: a pointer in SQS may outlive its job, and would start a GPU
 * host for nothing. `BacklogPerSlot` and `JobsRunning` are what the worker group is scaled by.
 */
export async function measureLoad(deps: Pick<Context, "table" | "nowMs" | "meter">): Promise<void> {
  const { table, meter } = deps;
  const nowMs = deps.nowMs();
  const [workers, minutes, waiting] = await Promise.all([
    liveWorkers(deps),
    readLaneMinutes(table, { sinceMs: nowMs - rateMinutes * 60_000, nowMs }),
    Promise.all(
      lanes.map(async (lane) => {
        const seen = await waitingIn(table, lane);
        // The group is scaled by all that wait, however many they are.
        return { ...seen, lane, queued: seen.more ? await countQueued(table, lane) : seen.queued };
      }),
    ),
  ]);
  for (const { lane, queued, heldBack, oldestAtMs } of waiting) {
    meter("QueuedJobs", queued, { Lane: lane });
    meter("HeldBackJobs", heldBack, { Lane: lane });
    meter("OldestQueuedSeconds", oldestAtMs === undefined ? 0 : Math.max(0, (nowMs - oldestAtMs) / 1000), {
      Lane: lane,
    });
  }
  const ready = workers.filter((worker) => worker.ready);
  const queued = sumOf(waiting, (lane) => lane.queued);
  const slots = sumOf(ready, (worker) => worker.slots);
  meter("Slots", slots);
  // Heartbeats tell how many slots are used, not in which lane: it makes a difference only to what is left of those jobs.
  const used = sumOf(ready, (worker) => worker.used);
  meter("SlotsUsed", used);
  const loads = waiting.map((one, index) =>
    loadOf({ ...one, inFlight: index === 0 ? used : 0, rates: ratesOf(minutes, one.lane) }),
  );
  for (const { lane } of waiting) {
    const wait = expectedWait(lane, loads, slots);
    if (wait.kind === "expected") meter("ExpectedWaitSeconds", wait.seconds, { Lane: lane });
    const { predictionError } = ratesOf(minutes, lane);
    // The metric is a factor, as the alarm and the panel say it; the record counts logarithms.
    if (predictionError !== undefined) meter("PredictionErrorFactor", Math.exp(predictionError.p50), { Lane: lane });
  }
  meter("BacklogPerSlot", queued / Math.max(1, slots));
  // Also what a draining worker still has to finish: the stage is not idle before.
  const alive = workers.filter((worker) => worker.health !== "offline");
  meter("JobsRunning", queued + sumOf(alive, (worker) => worker.used));
}

function sumOf<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
