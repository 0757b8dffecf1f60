import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { columns, type Figure, meets, table } from "./bench/report.ts";
import { simulateHerd } from "./fleet/herd.ts";
import type { Meters } from "./fleet/meter.ts";
import { plot } from "./fleet/plot.ts";
import type { Settings } from "./fleet/scenario.ts";
import { noticedWithin, noticedWithinMs } from "./fleet/noticed-within.ts";
import { type Outcome, simulateFleet } from "./fleet/simulate.ts";

const usage = `npm run fleet -- [options]

A fleet on a virtual clock, through the functions as they are deployed: what is told of it, held against what happened.

  --appliances <n>   how many (300)
  --tenants <n>      whose (1)
  --minutes <n>      how long (60)
  --interval <s>     between heartbeats (60)
  --loss <percent>   of heartbeats and answers (1)
  --outage <min>     our own door is down for so long, from the middle on (10; 0: never)
  --herd <n>         agents that come back at once (10000; 0: none)
  --seed <n>         the same seed, the same hour (1)
  --virtual-clock    the only clock there is; may be said
  --json             all of it as JSON
  --out <folder>     where fleet.svg goes (.steward/fleet)`;

const { values } = parseArgs({
  options: {
    appliances: { type: "string", default: "300" },
    tenants: { type: "string", default: "1" },
    minutes: { type: "string", default: "60" },
    interval: { type: "string", default: "60" },
    loss: { type: "string", default: "1" },
    outage: { type: "string", default: "10" },
    herd: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: join(".steward", "fleet") },
    "virtual-clock": { type: "boolean", default: true },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
const settings: Settings = {
  appliances: number("appliances", 1, 100_000),
  tenants: number("tenants", 1, 10_000),
  minutes: number("minutes", 20, 24 * 60),
  intervalSeconds: number("interval", 10, 3_600),
  lossShare: number("loss", 0, 50) / 100,
  outageMinutes: number("outage", 0, 60),
  seed: number("seed", 0, 2 ** 31),
};
const herdOf = number("herd", 0, 100_000);
const tell = (line: string) => void (values.json || process.stderr.write(`${line}\n`));
const outcome = await simulateFleet(settings, { tell });
const figures = [...figuresOf(outcome), ...(await herdFigures(herdOf))];
mkdirSync(values.out, { recursive: true });
const file = join(values.out, "fleet.svg");
writeFileSync(file, plot(outcome));
if (values.json) {
  const { scenario: _, told: __, ...said } = outcome;
  process.stdout.write(`${JSON.stringify({ ...said, figures }, null, 2)}\n`);
} else {
  process.stdout.write(
    `${table(figures)}\n\n${callsTable(outcome.meters, settings)}\n\n${file}; ${outcome.seconds.toFixed(0)} s\n`,
  );
}
process.exit(figures.every(meets) ? 0 : 1);

function number(
  name: "appliances" | "tenants" | "minutes" | "interval" | "loss" | "outage" | "herd" | "seed",
  low: number,
  high: number,
) {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= low && value <= high) return value;
  process.stderr.write(`--${name} is a number from ${low} to ${high}\n\n${usage}\n`);
  process.exit(2);
}

function figuresOf({ settings: fleet, score, alerts }: Outcome): Figure[] {
  const { delaySeconds } = score;
  const none = { at: "most", value: 0 } as const;
  const figures: Figure[] = [];
  const figure = (name: string, value: number, unit: string, how: string, bar?: Figure["bar"]) =>
    figures.push({ name, value, unit, how, ...(bar === undefined ? {} : { bar }) });
  if (delaySeconds !== undefined) {
    const bar = { at: "most", value: noticedWithinMs(fleet.intervalSeconds) / 1_000 } as const;
    const how = `of ${score.delays.length} deaths: from the last moment it could have beaten to its node's record`;
    figure("death noticed p50", delaySeconds.p50, "s", how);
    figure("death noticed p99", delaySeconds.p99, "s", noticedWithin(`${fleet.intervalSeconds} s`), bar);
  }
  const loss = `${(fleet.lossShare * 100).toFixed(1)} % lost, a third of all clocks wrong or set by up to an hour`;
  figure("false offline", score.falseOffline, "nodes", loss, none);
  figure("missed", score.missed, "deaths", `of ${score.deaths}`, none);
  figure("doubled", score.doubled, "tellings", "of one death or one overload", none);
  figure("stuck", score.stuck, "nodes", "told as offline at the end, and back long since", none);
  figure("overloads missed", score.overloadsMissed, "nodes", `of ${score.overloads}`, none);
  figure("false critical", score.falseCritical, "tellings", "one heartbeat over the threshold is none", none);
  const outage = `${fleet.outageMinutes} minutes without a door`;
  figure("offline by our own outage", score.offlineByOwnOutage, "nodes", outage, none);
  figure("alerts missed", alerts.missed, "deaths", "that lasted two minutes longer than they need to be told", none);
  figure("alerts doubled", alerts.doubled, "alerts", "told again before they were over, or sent twice", none);
  figure("false alerts", alerts.falseAlerts, "alerts", "of nodes that were there", none);
  if (fleet.outageMinutes > 0) {
    // Nobody told is as wrong as everybody.
    const one = { at: "exactly", value: 1 } as const;
    figure("alerts of our own outage", alerts.outageAlerts, "alerts", outage, one);
    figure("notifications of our own outage", alerts.outageNotifications, "sent", outage, one);
  }
  const kinds = Object.entries(alerts.raised).map(([kind, count]) => `${count} ${kind}`);
  figure("notifications", alerts.notifications, "sent", `for ${kinds.join(", ")}; and their ends`);
  return figures;
}

async function herdFigures(agents: number): Promise<Figure[]> {
  if (agents === 0) return [];
  const figures: Figure[] = [];
  for (const kind of ["power", "outage"] as const) {
    tell(`${agents} agents come back: ${kind} …`);
    const herd = await simulateHerd(kind, { agents, seed: settings.seed });
    const why = kind === "power" ? "all start within a second" : "our door was down for ten minutes";
    figures.push(
      {
        name: `herd, ${kind}: lost`,
        value: herd.lost,
        unit: "agents",
        bar: { at: "most", value: 0 },
        how: `of ${agents}; ${why}`,
      },
      {
        name: `herd, ${kind}: peak`,
        value: herd.peak / herd.steady,
        unit: "× steady",
        bar: { at: "most", value: 2 },
        how: `of any 5 s from a minute on; the last had its answer after ${herd.seconds.toFixed(0)} s`,
      },
    );
  }
  return figures;
}

function callsTable(meters: Meters, fleet: Settings): string {
  const hours = (fleet.appliances * fleet.minutes) / 60;
  const rows = Object.entries(meters)
    .filter(([name]) => name !== "simulation")
    .flatMap(([name, { invocations, calls, readUnits, writeUnits, logLines }]) => [
      [name, "invocations", String(invocations), (invocations / hours).toFixed(3)],
      ...Object.entries(calls).map(([call, count]) => ["", call, String(count), (count / hours).toFixed(3)]),
      ...(readUnits > 0 ? [["", "read units", readUnits.toFixed(0), (readUnits / hours).toFixed(3)]] : []),
      ...(writeUnits > 0 ? [["", "write units", writeUnits.toFixed(0), (writeUnits / hours).toFixed(3)]] : []),
      ...(logLines > 0 ? [["", "log lines", String(logLines), (logLines / hours).toFixed(3)]] : []),
    ]);
  return columns(["function", "what", "in all", "an appliance-hour"], rows);
}
