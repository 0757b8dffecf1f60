import { metricDefinitions } from "@steward/contracts/metrics";
import { queueNames, secretNames, signingKeyUses } from "@steward/contracts/names";
import { alarmDefinitions } from "@steward/functions/alarms";
import { dashboardNames } from "@steward/functions/alarms/alarm";
import { type FunctionDefinition, functionDefinitions } from "@steward/functions/definitions";
import { readStatefulList } from "../../../stacks/stateful-guard.ts";
import { prices } from "../prices.ts";
import { billablesOf, combine, priceOf, totalOf } from "./billables.ts";
import { causesOf, type Metered } from "./meter.ts";

export const hoursPerMonth = 730;
const minutesPerMonth = hoursPerMonth * 60;
const definitions: FunctionDefinition[] = Object.values(functionDefinitions);
/** An idle queue's event source polls with five connections of 20 s each. */
const pollsPerMinute = 15;
/** What the three alarms look at that only scale the GPU workers (`stacks/workers.ts`). */
const scalingMetrics = 6;
/** Schedules whose calls are metered: the fleet's. */
const metered = ["sweep", "reconcile"];

export interface Fixed {
  name: string;
  usd: number;
  how: string;
}

/** What a stage costs a month when nothing happens in it: GPU hosts, models, logs of requests and backups apart. */
export function fixedCosts(all: Metered): Fixed[] {
  const { hour } = all;
  const schedules = definitions.filter(({ trigger }) => trigger.kind === "schedule").length;
  const consumers = definitions.filter(({ trigger }) => trigger.kind === "queue").length;
  const alarmMetrics = alarmDefinitions("prod").reduce((sum, { metrics }) => sum + metrics.length, 0) + scalingMetrics;
  const keys = (readStatefulList()["prod"] ?? []).filter(({ type }) => type === "AWS::KMS::Key").length;
  const series = Object.values(metricDefinitions).reduce(
    (sum, { dimensions }) => sum + Object.values(dimensions).reduce((product, values) => product * values.length, 1),
    0,
  );
  const monthly = (meters: typeof hour) => totalOf(priceOf(combine([billablesOf(meters), hoursPerMonth])));
  const others = schedules - metered.length;
  const { reconcile } = hour;
  return [
    {
      name: "keys",
      usd: keys * prices.kmsKeyPerMonth,
      how: `${signingKeyUses.length} signing keys, ${keys - signingKeyUses.length} for data and backups`,
    },
    { name: "secrets", usd: secretNames.length * prices.secretPerMonth, how: `${secretNames.length} secrets` },
    {
      name: "alarms",
      usd: alarmMetrics * prices.alarmMetricPerMonth,
      how: `${alarmMetrics} metrics that alarms look at`,
    },
    { name: "metrics", usd: series * prices.customMetricPerMonth, how: `${series} series of our own` },
    {
      name: "dashboards",
      usd: dashboardNames.length * prices.dashboardPerMonth,
      how: `${dashboardNames.length} dashboards`,
    },
    {
      name: "polling",
      usd: (consumers * pollsPerMinute * minutesPerMonth * prices.sqsPerMillion) / 1_000_000,
      how: `${consumers} of ${queueNames.length} queues, ${pollsPerMinute} polls a minute each, always`,
    },
    {
      name: "sweep, reconcile",
      usd: totalOf(priceOf(combine([causesOf(all).installation, hoursPerMonth]))),
      how: "metered: what they do without appliances and tenants",
    },
    {
      name: "other schedules",
      usd: reconcile === undefined ? 0 : others * monthly({ reconcile }),
      how: `${others} functions, not metered: each taken for a second reconcile`,
    },
  ];
}
