import { presenceShards, presencesPerPage } from "@steward/aws/records/presence-item";
import { snapshotAbove } from "@steward/control/fleet-store";
import { functionDefinitions } from "@steward/functions/definitions";
import type { Meters } from "../../fleet/meter.ts";
import { noticedWithin, noticedWithinMs } from "../../fleet/noticed-within.ts";
import { prices } from "../prices.ts";
import {
  callMs,
  combine,
  coreMb,
  gbSecondsOf,
  handlerCpuMs,
  priceOf,
  readUnitMs,
  serviceNames,
  startMs,
  totalOf,
} from "./billables.ts";
import { fixedCosts, hoursPerMonth } from "./fixed.ts";
import { type Causes, causesOf, type Metered, runs } from "./meter.ts";

export const intervals = ["60", "300"] as const;
export type Interval = (typeof intervals)[number];
const sizes = [100, 1_000, 10_000, 100_000];
/** A customer with so many; one with fewer costs as much for itself. */
const appliancesPerTenant = 10;
const outagesPerMonth = 2;
/** What an appliance may cost by its calls. */
export const bars: Record<Interval, number> = { "60": 0.082, "300": 0.018 };
/** Machines of an account and region that SSM calls for nothing, as long as there are no more. */
const freeSsmNodes = 1_000;
/** One line of the door's access log (`infra/api.ts`), with what CloudWatch adds to an event. */
const accessLogBytes = 500;
/** Answer with its headers, and the handshake that a connection of its own costs: its keep-alive is shorter than the interval. */
const answerBytes = 500;
const handshakeBytes = 4_500;

/** What one more appliance costs a month by the calls it causes: its heartbeats, and its part of every sweep. */
export function applianceCosts(causes: Causes, interval: Interval) {
  return priceOf(combine([causes.appliance[interval], hoursPerMonth]));
}

const { memoryMb } = functionDefinitions.heartbeat;
/** How long a heartbeat is reckoned to take. */
const reckonedMs = startMs(memoryMb) + callMs;

/** How much the reckoned time decides: what each further millisecond of a heartbeat costs a month, and at which the bar is missed. */
export function timeOf(
  causes: Causes,
  interval: Interval,
): { eachMsUsd: number; reckonedMs: number; missedAtMs: number } {
  const gbSeconds = causes.appliance[interval].invocations * hoursPerMonth * gbSecondsOf(1, memoryMb);
  const eachMsUsd = gbSeconds * prices.lambdaPerGbSecond;
  const left = bars[interval] - totalOf(applianceCosts(causes, interval));
  return { eachMsUsd, reckonedMs, missedAtMs: reckonedMs + left / eachMsUsd };
}

/** The sheet, made of what was metered and the prices: nothing in it is measured while it is made. */
export function sheet(metered: Metered): string {
  const causes = causesOf(metered);
  const fixed = fixedCosts(metered);
  const fixedUsd = fixed.reduce((sum, { usd }) => sum + usd, 0);
  const tenantUsd = totalOf(priceOf(combine([causes.tenant, hoursPerMonth])));
  const outageUsd = totalOf(priceOf(causes.outage));
  const beside = Object.fromEntries(intervals.map((interval) => [interval, besideCalls(interval)]));
  const rows = sizes.flatMap((appliances) =>
    intervals.flatMap((interval) =>
      (["pull", "ssm"] as const).map((doorbell) => {
        const marginal = totalOf(applianceCosts(causes, interval));
        const ssm = doorbell === "ssm" && appliances > freeSsmNodes ? prices.ssmAdvancedHour * hoursPerMonth : 0;
        const extra = beside[interval]?.usd ?? 0;
        const each = marginal + extra + ssm + outageUsd * outagesPerMonth + tenantUsd / appliancesPerTenant;
        return [
          appliances.toLocaleString("en-US"),
          `${interval} s`,
          doorbell,
          usd(fixedUsd, 0),
          usd(marginal, 4),
          usd(each, 3),
          usd(fixedUsd + each * appliances, 0),
          usd(fixedUsd / appliances + each, 3),
          `${noticedWithinMs(Number(interval)) / 1_000} s`,
        ];
      }),
    ),
  );
  return `# What Steward costs

\`npm run bench:cost\` wrote this page: do not edit it. It runs the functions as they are deployed for a virtual hour, counts every call that their SDK clients make and the units that the table says each has consumed, and multiplies by list prices (us-east-1, ${prices.asOf}, no free tier, no discount; \`scripts/bench/prices.ts\`). GPU hosts, models, rollouts and backups are not in it: it is what hearing the fleet costs.

## A month, by size

With ${appliancesPerTenant} appliances to a customer and ${outagesPerMonth} outages of each appliance a month.

${markdown(
  [
    "appliances",
    "beat every",
    "doorbell",
    "fixed",
    "an appliance, by its calls",
    "an appliance, all in",
    "in all",
    "in all, an appliance",
    "death noticed within",
  ],
  rows,
)}

"By its calls" is what one more appliance makes AWS be asked; it is held to $${bars["60"]} at 60 s and $${bars["300"]} at 300 s. "All in" adds its outages, what no call of ours causes (below), its share of its customer, and for \`ssm\` what AWS asks for on-premises machines: nothing up to ${freeSsmNodes.toLocaleString("en-US")} of an account and region; for more the account turns to the advanced tier, in which every one of them costs $${prices.ssmAdvancedHour} an hour, the first ${freeSsmNodes.toLocaleString("en-US")} as well. That is why \`pull\` is the default. The time is the promise, ${noticedWithin("interval")}; \`npm run fleet\` measures it.

## An appliance, by service

${markdown(
  ["a month", ...serviceNames, "together"],
  intervals.map((interval) => {
    const costs = applianceCosts(causes, interval);
    return [`every ${interval} s`, ...serviceNames.map((name) => usd(costs[name], 4)), usd(totalOf(costs), 4)];
  }),
)}

Of the DynamoDB column ${intervals.map((interval) => `${usd(sweepReadsUsd(causes, interval), 4)} (${interval} s)`).join(" and ")} are the sweep's reads, which no heartbeat makes.

${sweepSays(metered, causes)}

${timeSays(causes)}

Beside its calls:

${markdown(
  ["a month", ...(beside["60"]?.parts.map(({ name }) => name) ?? [])],
  intervals.map((interval) => [
    `every ${interval} s`,
    ...(beside[interval]?.parts.map((part) => usd(part.usd, 4)) ?? []),
  ]),
)}

The access log's line of ${accessLogBytes} bytes and ${answerBytes + handshakeBytes} bytes of answer and TLS handshake a heartbeat are reckoned, not metered. Lambda's own lines for a heartbeat that went well are switched off.

One more customer, without appliances: ${usd(tenantUsd, 4)} a month; one with more than ${snapshotAbove} of them, which has a snapshot, ${usd(totalOf(priceOf(combine([causes.snapshot, hoursPerMonth]))), 2)} more, whatever its size. One outage, with all that is told of it: ${usd(outageUsd, 6)}.

## What it costs to have it

${markdown(
  ["a month", "", "what it is"],
  [...fixed.map(({ name, usd: each, how }) => [name, usd(each, 2), how]), ["together", usd(fixedUsd, 2), ""]],
)}

## What was metered

100 appliances of one customer, one virtual hour, every 60 s. At 1,000 each appliance's heartbeats made ${(causes.scaling * 100).toFixed(1)} % of the calls that they make at 100.

${meterTable(metered.hour)}

The other runs, and what differs between them, are in \`bench/cost.json\` and \`scripts/bench/cost/meter.ts\`. A test meters this hour, the tenants and the beat in 300 s again; 1,000 appliances and outages are metered by \`npm run bench:cost\` only.
`;
}

function sweepReadsUsd(causes: Causes, interval: Interval): number {
  return (causes.appliance[interval].readUnits * hoursPerMonth * prices.dynamoReadPerMillion) / 1_000_000;
}

/** How long the sweep of the largest fleet here waits for what it reads: nothing meters that. */
function sweepSays({ many }: Metered, causes: Causes): string {
  const appliances = Math.max(...sizes);
  const units = (causes.appliance["60"].readUnits / 60) * appliances;
  const pages = presenceShards * Math.ceil(appliances / presenceShards / presencesPerPage);
  const queries = (many["sweep"]?.calls["dynamodb.Query"] ?? 0) / runs.many.minutes;
  const ofSnapshots = ((queries - presenceShards) / runs.many.over.appliances) * appliances;
  const seconds = (units * readUnitMs + (pages + ofSnapshots) * callMs) / 1_000;
  const { timeoutSeconds } = functionDefinitions.sweep;
  return `**The sweep of ${count(appliances)} appliances** reads ${count(units)} units a minute, in ${count(pages)} queries for their presences and ${count(ofSnapshots)} for their records, were all of them of customers that have a snapshot. At ${readUnitMs} ms for a unit and ${callMs} ms for a query, one after the other, it waits ${seconds.toFixed(0)} s for them, of the ${timeoutSeconds} s that it has. It asks for several at once; what it computes is not in it.`;
}

function timeSays(causes: Causes): string {
  const [often, seldom] = [timeOf(causes, "60"), timeOf(causes, "300")];
  const { missedAtMs } = often;
  const cpuAtBar = ((missedAtMs - callMs) * memoryMb) / coreMb;
  return `**What of it is reckoned** is Lambda's time. A heartbeat is taken to last ${reckonedMs.toFixed(1)} ms: ${handlerCpuMs} ms of CPU (\`npm run bench:handlers\`, the figure in [sizing.md](sizing.md)) on what ${memoryMb} MB buy of a core, one part in ${(coreMb / memoryMb).toFixed(1)}, are ${startMs(memoryMb).toFixed(1)} ms, and it waits ${callMs} ms for the table, which is assumed. Were so short a piece of work not slowed by the part of a core, it would last ${(handlerCpuMs + callMs).toFixed(1)} ms and an appliance cost ${usd(totalOf(applianceCosts(causes, "60")) - (reckonedMs - handlerCpuMs - callMs) * often.eachMsUsd, 4)}; AWS does not say, and a slower core would make it more. Each further millisecond costs ${usd(often.eachMsUsd, 5)} a month at 60 s and ${usd(seldom.eachMsUsd, 5)} at 300 s. **From ${missedAtMs.toFixed(1)} ms on the bar of $${bars["60"]} is missed** (${cpuAtBar.toFixed(2)} ms of CPU with that wait): a processor that takes ${(cpuAtBar / handlerCpuMs).toFixed(1)} times as long misses it; from ${seldom.missedAtMs.toFixed(0)} ms that of $${bars["300"]}. 256 MB are needed: the process alone has some 150 MB after 10,000 certificates, so that 128 MB, which would halve the price of waiting, are too few. A stage's own figure is in CloudWatch, \`Duration\` of the heartbeat function.`;
}

function besideCalls(interval: Interval) {
  const beats = (hoursPerMonth * 3_600) / Number(interval);
  const parts = [
    { name: "the door's access log", usd: (beats * accessLogBytes * prices.logsPerGb) / 1e9 },
    { name: "answers and handshakes, sent", usd: (beats * (answerBytes + handshakeBytes) * prices.dataOutPerGb) / 1e9 },
  ];
  return { parts, usd: parts.reduce((sum, part) => sum + part.usd, 0) };
}

export function meterTable(meters: Meters): string {
  const rows = Object.entries(meters).flatMap(([name, meter]) => [
    ...(meter.invocations > 0 ? [[name, "invocations", meter.invocations]] : []),
    ...Object.entries(meter.calls)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([call, count]) => [name, call, count]),
    ...(meter.readUnits > 0 ? [[name, "read units", meter.readUnits]] : []),
    ...(meter.writeUnits > 0 ? [[name, "write units", meter.writeUnits]] : []),
    ...(meter.logLines > 0 ? [[name, "log lines", meter.logLines]] : []),
  ]);
  return markdown(
    ["function", "", "in the hour"],
    rows.map((cells) => cells.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en-US") : cell))),
  );
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
}

function usd(value: number, digits: number): string {
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}
