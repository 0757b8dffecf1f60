import { metricDefinitions } from "@steward/contracts/metrics";
import { queueNames, secretNames, signingKeyUses } from "@steward/contracts/names";
import { alarmDefinitions } from "@steward/functions/alarms";
import { dashboardNames } from "@steward/functions/alarms/alarm";
import { type FunctionDefinition, functionDefinitions } from "@steward/functions/definitions";
import { readStatefulList } from "../../stacks/stateful-guard.ts";
import { prices } from "./prices.ts";
import type { Figure } from "./report.ts";

const hoursPerMonth = 730;
const minutesPerMonth = hoursPerMonth * 60;
const definitions: FunctionDefinition[] = Object.values(functionDefinitions);
/** What Lambda bills for a heartbeat, of which the handler itself is a fifth: a guess, and the only one here. */
const heartbeatMs = 10;
/** An idle queue's event source polls with five connections of 20 s each. */
const pollsPerMinute = 15;
const shards = 64;
/** Bytes of a presence, of which 4 KB are one unit of an eventually consistent read of two. */
const presenceBytes = 700;
/** What the three alarms look at that only scale the GPU workers (`stacks/workers.ts`). */
const scalingMetrics = 6;
const million = 1_000_000;

/**
 * What a stage costs on AWS by list price, from what the definitions say is there and the calls that a heartbeat was
 * measured to make (`npm run bench handlers`: one UpdateItem of one unit, nothing else). GPU hosts and models apart.
 */
export async function benchCost(): Promise<Figure[]> {
  const schedules = definitions.filter(({ trigger }) => trigger.kind === "schedule");
  const consumers = definitions.filter(({ trigger }) => trigger.kind === "queue").length;
  const alarmMetrics = alarmDefinitions("prod").reduce((sum, { metrics }) => sum + metrics.length, 0) + scalingMetrics;
  const keys = (readStatefulList()["prod"] ?? []).filter(({ type }) => type === "AWS::KMS::Key").length;
  const series = Object.values(metricDefinitions).reduce(
    (sum, { dimensions }) => sum + Object.values(dimensions).reduce((product, values) => product * values.length, 1),
    0,
  );
  const fixed: [string, number, string][] = [
    [
      "keys",
      keys * prices.kmsKeyPerMonth,
      `${signingKeyUses.length} signing keys, ${keys - signingKeyUses.length} for data and backups`,
    ],
    ["secrets", secretNames.length * prices.secretPerMonth, `${secretNames.length} secrets`],
    ["alarms", alarmMetrics * prices.alarmMetricPerMonth, `${alarmMetrics} metrics that alarms look at`],
    ["metrics", series * prices.customMetricPerMonth, `${series} series of our own`],
    ["dashboards", dashboardNames.length * prices.dashboardPerMonth, `${dashboardNames.length} dashboards`],
    [
      "polling",
      (consumers * pollsPerMinute * minutesPerMonth * prices.sqsPerMillion) / million,
      `${consumers} of ${queueNames.length} queues, ${pollsPerMinute} polls a minute each, always`,
    ],
    [
      "schedules",
      (schedules.length * minutesPerMonth * prices.lambdaPerMillion) / million +
        schedules.reduce(
          (sum, { memoryMb }) => sum + minutesPerMonth * 0.3 * (memoryMb / 1024) * prices.lambdaPerGbSecond,
          0,
        ) +
        (shards * minutesPerMonth * 0.5 * prices.dynamoReadPerMillion) / million,
      `${schedules.length} functions once a minute (300 ms each), the sweep's ${shards} queries`,
    ],
  ];
  const total = fixed.reduce((sum, [, usd]) => sum + usd, 0);
  return [
    ...fixed.map(([name, value, how]) => ({ name: `fixed: ${name}`, value, unit: "$/month", how })),
    { name: "fixed: all of these", value: total, unit: "$/month", how: "without GPU hosts, logs and backups" },
    ...[60, 300].map((interval) => ({
      name: `an appliance, beating every ${interval} s`,
      value: appliance(interval),
      unit: "$/month",
      bar: { at: "most" as const, value: interval === 60 ? 0.082 : 0.018 },
      how: "doorbell pull: request, function, one write unit; the sweep's share",
    })),
    ...Object.entries(prices.gpuHour).map(([type, hour]) => ({
      name: `a GPU worker, ${type}`,
      value: hour,
      unit: "$/hour",
      how: "on demand, while it is up; spot is about a third to a half of it",
    })),
  ];
}

function appliance(intervalSeconds: number): number {
  const beats = (hoursPerMonth * 3600) / intervalSeconds;
  const gbSeconds = (heartbeatMs / 1000) * (functionDefinitions.heartbeat.memoryMb / 1024);
  const perBeat =
    (prices.httpApiPerMillion + prices.lambdaPerMillion + prices.dynamoWritePerMillion) / million +
    gbSeconds * prices.lambdaPerGbSecond;
  const swept = (minutesPerMonth * (presenceBytes / 8192) * prices.dynamoReadPerMillion) / million;
  return beats * perBeat + swept;
}
