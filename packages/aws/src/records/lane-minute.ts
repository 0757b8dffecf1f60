import { createHash } from "node:crypto";
import type { LaneCounts, WorkQueue } from "@steward/core/job/count-job";
import type { JobKind } from "@steward/core/job/job-state";
import { type Item, queryItems, type Table } from "../table.ts";
import { changeItem } from "./change.ts";
import { sortable } from "./due.ts";
import * as states from "./state.ts";

/*
 * What came into a lane and went out of it, minute by minute, of all tenants together: what the rates, the expected wait
 * and the predictor's history are read from. A statistic, not the truth: each event of a job is one addition that is
 * made after the change it counts, so a death in between leaves one out, and a reply that is lost may count one twice.
 */

const laneCountNames = [
  "arrivals",
  "completions",
  "failures",
  "waits",
  "waitMs",
  "serviceMs",
  "serviceSquaredS2",
  "promptTokens",
  "completionTokens",
  "predicted",
  "predictedMs",
  "predictionErrorMs",
] as const satisfies readonly (keyof LaneCounts)[];

export interface LaneMinute extends LaneCounts {
  minuteMs: number;
  queue: WorkQueue;
  kind: JobKind;
}

/** One partition takes 1,000 writes a second: four carry every job that a large installation ends. */
const shards = 4;
const keptMs = 2 * 3_600_000;
const minute = 60_000;

const partition = (shard: number) => `SYS#LANES#${shard}`;

/** One addition. `jobId` only spreads the writes. */
export async function countInLane(
  table: Table,
  {
    queue,
    kind,
    jobId,
    counts,
    nowMs,
  }: { queue: WorkQueue; kind: JobKind; jobId: string; counts: Partial<LaneCounts>; nowMs: number },
): Promise<void> {
  const added = laneCountNames.filter((name) => (counts[name] ?? 0) !== 0);
  if (added.length === 0) return;
  const minuteMs = Math.floor(nowMs / minute) * minute;
  const shard = (createHash("sha256").update(jobId).digest()[0] ?? 0) % shards;
  await changeItem(
    table,
    "count a job in its lane",
    {
      key: { pk: partition(shard), sk: `${sortable(minuteMs)}#${queue}#${kind}` },
      UpdateExpression: `ADD ${added.map((name) => `#${name} :${name}`).join(", ")} SET expiresAtS = :expiresAtS`,
      ExpressionAttributeNames: Object.fromEntries(added.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: {
        ...Object.fromEntries(added.map((name) => [`:${name}`, counts[name]])),
        ":expiresAtS": states.ttl(minuteMs + keptMs),
      },
    },
    { impatient: true },
  );
}

/** Every minute since `sinceMs` (at most two hours back) in which something happened, oldest first, the shards added up. */
export async function readLaneMinutes(
  table: Table,
  { sinceMs, nowMs }: { sinceMs: number; nowMs: number },
): Promise<LaneMinute[]> {
  // The deletion of what has expired may come days later.
  const fromMs = Math.floor(Math.max(sinceMs, nowMs - keptMs) / minute) * minute;
  const found = await Promise.all(
    Array.from({ length: shards }, (_, shard) =>
      queryItems(table, states.queryOf({ pk: partition(shard), behind: sortable(fromMs) })),
    ),
  );
  const sums = new Map<string, LaneMinute>();
  for (const item of found.flatMap(({ items }) => items)) {
    const key = String(item["sk"]);
    sums.set(key, added(sums.get(key) ?? emptyMinute(key), item));
  }
  return [...sums.values()].toSorted((a, b) => a.minuteMs - b.minuteMs);
}

function emptyMinute(key: string): LaneMinute {
  const [at, queue, kind] = key.split("#");
  const zeros = Object.fromEntries(laneCountNames.map((name) => [name, 0])) as Record<keyof LaneCounts, number>;
  return { minuteMs: Number(at), queue: queue as WorkQueue, kind: kind as JobKind, ...zeros };
}

function added(sum: LaneMinute, item: Item): LaneMinute {
  const next = { ...sum };
  for (const name of laneCountNames) next[name] += Number(item[name] ?? 0);
  return next;
}
