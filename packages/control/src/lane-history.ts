import { createCaches } from "@steward/aws/cache";
import { type LaneMinute, readLaneMinutes } from "@steward/aws/records/lane-minute";
import { actForSystem } from "@steward/aws/tenant-fence";
import { type LaneHistory, laneHistoryMinutes } from "@steward/contracts/queues";
import type { Context } from "./context.ts";

/** Like `queueStatus`: the same for everybody, and a minute has barely changed after this. */
const freshMs = 5_000;
const cacheOf = createCaches<LaneHistory>(freshMs);

/** What came into lanes and went out of them, minute by minute, of all tenants together. */
export function laneHistory(deps: Pick<Context, "table" | "nowMs">): Promise<LaneHistory> {
  return cacheOf(deps.table).get("all", () => actForSystem("lanes serve all tenants", () => read(deps)));
}

async function read({ table, nowMs }: Pick<Context, "table" | "nowMs">): Promise<LaneHistory> {
  const now = nowMs();
  const minutes = await readLaneMinutes(table, { sinceMs: now - laneHistoryMinutes * 60_000, nowMs: now });
  // The kinds of jobs of a lane together.
  const together = new Map<string, LaneMinute[]>();
  for (const one of minutes) {
    const key = `${one.minuteMs} ${one.queue}`;
    together.set(key, [...(together.get(key) ?? []), one]);
  }
  return {
    at: new Date(now).toISOString(),
    minutes: laneHistoryMinutes,
    points: [...together.values()].flatMap((same) => {
      const [first] = same;
      if (first === undefined) return [];
      const sum = (
        name: "arrivals" | "completions" | "failures" | "waits" | "waitMs" | "serviceMs" | "completionTokens",
      ) => same.reduce((total, minute) => total + minute[name], 0);
      const ended = sum("completions") + sum("failures");
      const waits = sum("waits");
      return [
        {
          at: new Date(first.minuteMs).toISOString(),
          queue: first.queue,
          arrivals: sum("arrivals"),
          done: sum("completions"),
          failed: sum("failures"),
          tokens: sum("completionTokens"),
          ...(waits === 0 ? {} : { waitedSeconds: sum("waitMs") / 1000 / waits }),
          ...(ended === 0 ? {} : { serviceSeconds: sum("serviceMs") / 1000 / ended }),
        },
      ];
    }),
  };
}
