import type { Meters } from "../../fleet/meter.ts";
import { noticedWithinMs } from "../../fleet/score.ts";
import { prices } from "../prices.ts";
import { combine, priceOf, serviceNames, totalOf } from "./billables.ts";
import { fixedCosts, hoursPerMonth } from "./fixed.ts";
import type { Metered } from "./meter.ts";

export const intervals = ["60", "300"] as const;
export type Interval = (typeof intervals)[number];
const sizes = [100, 1_000, 10_000, 100_000];
/** A customer with so many; one with fewer costs as much for itself. */
const appliancesPerTenant = 10;
const outagesPerMonth = 2;
/** Machines of an account and region that SSM calls for nothing. */
const freeSsmNodes = 1_000;
/** One line of the door's access log (`infra/api.ts`), with what CloudWatch adds to an event. */
const accessLogBytes = 500;
/** Answer with its headers, and the handshake that a connection of its own costs: its keep-alive is shorter than the interval. */
const answerBytes = 500;
const handshakeBytes = 4_500;

/** What one more appliance costs a month by the calls it causes: its heartbeats, and its part of every sweep. */
export function applianceCosts(metered: Metered, interval: Interval) {
  return priceOf(combine([metered.appliance[interval], hoursPerMonth]));
}

/** The sheet, made of what was metered and the prices: nothing in it is measured while it is made. */
export function sheet(metered: Metered): string {
  const fixed = fixedCosts(metered);
  const fixedUsd = fixed.reduce((sum, { usd }) => sum + usd, 0);
  const tenantUsd = totalOf(priceOf(combine([metered.tenant, hoursPerMonth])));
  const outageUsd = totalOf(priceOf(metered.outage));
  const beside = Object.fromEntries(intervals.map((interval) => [interval, besideCalls(interval)]));
  const rows = sizes.flatMap((appliances) =>
    intervals.flatMap((interval) =>
      (["pull", "ssm"] as const).map((doorbell) => {
        const marginal = totalOf(applianceCosts(metered, interval));
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

"By its calls" is what one more appliance makes AWS be asked; it is held to $0.082 at 60 s and $0.018 at 300 s. "All in" adds its outages, what no call of ours causes (below), its share of its customer, and for \`ssm\` what AWS asks for machines beyond the first ${freeSsmNodes.toLocaleString("en-US")} of an account and region ($${prices.ssmAdvancedHour} an hour each): that is why \`pull\` is the default. The time is the promise, 2 × interval + 65 s; \`npm run fleet\` measures it.

## An appliance, by service

${markdown(
  ["a month", ...serviceNames, "together"],
  intervals.map((interval) => {
    const costs = applianceCosts(metered, interval);
    return [`every ${interval} s`, ...serviceNames.map((name) => usd(costs[name], 4)), usd(totalOf(costs), 4)];
  }),
)}

Beside its calls:

${markdown(
  ["a month", ...(beside["60"]?.parts.map(({ name }) => name) ?? [])],
  intervals.map((interval) => [
    `every ${interval} s`,
    ...(beside[interval]?.parts.map((part) => usd(part.usd, 4)) ?? []),
  ]),
)}

The access log's line of ${accessLogBytes} bytes and ${answerBytes + handshakeBytes} bytes of answer and TLS handshake a heartbeat are reckoned, not metered. Lambda's own lines for a heartbeat that went well are switched off.

One more customer, without appliances: ${usd(tenantUsd, 4)} a month. One outage, with all that is told of it: ${usd(outageUsd, 6)}.

## What it costs to have it

${markdown(
  ["a month", "", "what it is"],
  [...fixed.map(({ name, usd: each, how }) => [name, usd(each, 2), how]), ["together", usd(fixedUsd, 2), ""]],
)}

## What was metered

100 appliances of one customer, one virtual hour, every 60 s. At 1,000 each appliance's heartbeats made ${(metered.scaling * 100).toFixed(1)} % of the calls that they make at 100.

${meterTable(metered.hour)}

Lambda's time cannot be metered here: 3 ms an invocation, 5 ms for each call, 1 ms for each unit read (\`scripts/bench/cost/billables.ts\`), at the function's memory.
`;
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

function usd(value: number, digits: number): string {
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}
