import { createCaches } from "@steward/aws/cache";
import { type LaneMinute, readLaneMinutes } from "@steward/aws/records/lane-minute";
import { actForSystem } from "@steward/aws/tenant-fence";
import { lanes } from "@steward/contracts/names";
import type { PaceHistory } from "@steward/core/job/predict-job";
import type { Context } from "./context.ts";

/** What is older was another load, other hosts, another model. */
const historyMs = 60 * 60_000;
/** A prediction is no better for the last seconds' jobs. */
const freshMs = 15_000;
const cacheOf = createCaches<PaceHistory>(freshMs);

/** What recent jobs say of the next one. Without it a job is predicted by what is assumed of all: nothing waits for it. */
export async function readPace(deps: Pick<Context, "table" | "nowMs" | "log">): Promise<PaceHistory> {
  try {
    return await cacheOf(deps.table).get("all", async () => {
      const nowMs = deps.nowMs();
      const since = { sinceMs: nowMs - historyMs, nowMs };
      return paceOf(await actForSystem("workers serve all tenants", () => readLaneMinutes(deps.table, since)));
    });
  } catch (error) {
    deps.log("warn", "pace_unread", { error: String(error) });
    return [];
  }
}

function paceOf(minutes: readonly LaneMinute[]): PaceHistory {
  return minutes.flatMap(({ queue, kind, ratios }) => {
    const lane = lanes.find((one) => one === queue);
    return lane === undefined ? [] : [{ lane, kind, speed: ratios.speed, length: ratios.length }];
  });
}
