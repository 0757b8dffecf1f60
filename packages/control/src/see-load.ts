import { countQueued, waitingIn } from "@steward/aws/records/job";
import { readLaneMinutes } from "@steward/aws/records/lane-minute";
import { lanes } from "@steward/contracts/names";
import { rateMinutes } from "@steward/contracts/queues";
import type { LaneSeen } from "@steward/core/exposition/steward-metrics";
import { expectedWait } from "@steward/core/job/expected-wait";
import type { PredictionError } from "@steward/core/job/predict-job";
import type { Context } from "./context.ts";
import { loadOf, ratesOf } from "./lane-rates.ts";
import { type LiveWorker, liveWorkers } from "./live-workers.ts";

export interface Load {
  lanes: (LaneSeen & { predictionError?: PredictionError })[];
  workers: readonly LiveWorker[];
  /** Of the workers that would take a job. */
  slots: number;
  used: number;
}

/**
 * What waits and who is there to do it, from the records: SQS is not asked. Of more jobs than a page holds (2,000) only so
 * many are counted, unless `countsAll`.
 */
export async function seeLoad(
  deps: Pick<Context, "table" | "nowMs">,
  { countsAll }: { countsAll: boolean },
): Promise<Load> {
  const { table } = deps;
  const nowMs = deps.nowMs();
  const [workers, minutes, waiting] = await Promise.all([
    liveWorkers(deps),
    readLaneMinutes(table, { sinceMs: nowMs - rateMinutes * 60_000, nowMs }),
    Promise.all(
      lanes.map(async (lane) => {
        const seen = await waitingIn(table, lane);
        return { ...seen, lane, queued: seen.more && countsAll ? await countQueued(table, lane) : seen.queued };
      }),
    ),
  ]);
  const ready = workers.filter((worker) => worker.ready);
  const slots = ready.reduce((sum, worker) => sum + worker.slots, 0);
  // Heartbeats tell how many slots are used, not in which lane: it makes a difference only to what is left of those jobs.
  const used = ready.reduce((sum, worker) => sum + worker.used, 0);
  const loads = waiting.map((one, index) =>
    loadOf({ ...one, inFlight: index === 0 ? used : 0, rates: ratesOf(minutes, one.lane) }),
  );
  return {
    workers,
    slots,
    used,
    lanes: waiting.map(({ lane, queued, heldBack, oldestAtMs }) => {
      const wait = expectedWait(lane, loads, slots);
      const { predictionError } = ratesOf(minutes, lane);
      return {
        lane,
        queued,
        heldBack,
        oldestSeconds: oldestAtMs === undefined ? 0 : Math.max(0, (nowMs - oldestAtMs) / 1000),
        ...(wait.kind === "expected" ? { waitSeconds: wait.seconds } : {}),
        ...(predictionError === undefined ? {} : { predictionError }),
      };
    }),
  };
}
