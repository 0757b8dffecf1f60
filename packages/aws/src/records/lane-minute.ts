import { createHash } from "node:crypto";
import type { LaneCounts, WorkQueue } from "@steward/core/job/count-job";
import type { JobKind } from "@steward/core/job/job-state";
import { type RatioCounts, type RatioName, ratioNames, stepOf, sumOfRatios } from "@steward/core/job/ratio-counts";
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
  /** How often which ratio fell into which step. */
  ratios: Record<RatioName, RatioCounts>;
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
    ratios = {},
    nowMs,
  }: {
    queue: WorkQueue;
    kind: JobKind;
    jobId: string;
    counts: Partial<LaneCounts>;
    ratios?: Partial<Record<RatioName, number>> | undefined;
    nowMs: number;
  },
): Promise<void> {
  const added: [attribute: string, value: number][] = [];
  for (const name of laneCountNames) if ((counts[name] ?? 0) !== 0) added.push([name, counts[name] ?? 0]);
  for (const name of ratioNames) {
    const step = stepOf(ratios[name] ?? 0);
    if (step !== undefined) added.push([ratioAttribute(name, step), 1]);
  }
  if (added.length === 0) return;
  const minuteMs = Math.floor(nowMs / minute) * minute;
  const shard = (createHash("sha256").update(jobId).digest()[0] ?? 0) % shards;
  await changeItem(
    table,
    "count a job in its lane",
    {
      key: { pk: partition(shard), sk: `${sortable(minuteMs)}#${queue}#${kind}` },
      UpdateExpression: `ADD ${added.map((_, at) => `#n${at} :v${at}`).join(", ")} SET expiresAtS = :expiresAtS`,
      ExpressionAttributeNames: Object.fromEntries(added.map(([attribute], at) => [`#n${at}`, attribute])),
      ExpressionAttributeValues: {
        ...Object.fromEntries(added.map(([, value], at) => [`:v${at}`, value])),
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

const noRatios: LaneMinute["ratios"] = { speed: {}, length: {}, error: {} };
const ratioAttribute = (name: RatioName, step: number) => `${name}@${step}`;

function emptyMinute(key: string): LaneMinute {
  const [at, queue, kind] = key.split("#");
  const zeros = Object.fromEntries(laneCountNames.map((name) => [name, 0])) as Record<keyof LaneCounts, number>;
  return { minuteMs: Number(at), queue: queue as WorkQueue, kind: kind as JobKind, ...zeros, ratios: noRatios };
}

function added(sum: LaneMinute, item: Item): LaneMinute {
  const next = { ...sum };
  for (const name of laneCountNames) next[name] += Number(item[name] ?? 0);
  next.ratios = { ...sum.ratios };
  for (const name of ratioNames) next.ratios[name] = sumOfRatios([sum.ratios[name], ratiosIn(item, name)]);
  return next;
}

function ratiosIn(item: Item, name: RatioName): RatioCounts {
  const prefix = `${name}@`;
  const steps = Object.entries(item).filter(([attribute]) => attribute.startsWith(prefix));
  return Object.fromEntries(steps.map(([attribute, count]) => [attribute.slice(prefix.length), Number(count)]));
}
