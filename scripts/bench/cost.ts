import { readFileSync, writeFileSync } from "node:fs";
import { totalOf } from "./cost/billables.ts";
import { fixedCosts } from "./cost/fixed.ts";
import { causesOf, type Metered, meter, meterAll, runNames, runs } from "./cost/meter.ts";
import { applianceCosts, bars, intervals, meterTable, sheet, timeOf } from "./cost/sheet.ts";
import { prices } from "./prices.ts";
import { type Figure, meets, table } from "./report.ts";

const usage = `npm run bench:cost -- [--check | --page] [--json]

What a fleet costs on AWS: meters the functions' calls and writes bench/cost.json and docs/cost.md.

  --check  meters again what is quickly metered, and says whether both are still so, and what it took for granted; writes nothing
  --page   only writes docs/cost.md anew, from bench/cost.json: enough where prices, alarms, metrics or what is reckoned of Lambda's time have changed
  --json   what was metered and the figures as JSON`;

const kept = new URL("../../bench/cost.json", import.meta.url);
const page = new URL("../../docs/cost.md", import.meta.url);

export function keptMeter(): Metered {
  return JSON.parse(readFileSync(kept, "utf8")) as Metered;
}

const asRun = (again: boolean) => runNames.filter((name) => runs[name].again === again);
const whatOf = (again: boolean) => asRun(again).map((name) => runs[name].what);

/** What is not as the command would write it; empty where all is. */
export async function staleParts(): Promise<string[]> {
  const metered = keptMeter();
  const stale = pageIsOf(metered) ? [] : ["docs/cost.md is not made of bench/cost.json"];
  for (const name of asRun(true)) {
    const [was, is] = [metered[name], await meter(name)].map((meters) => meterTable(meters).split("\n"));
    const changed = (is ?? []).filter((line) => !was?.includes(line)).map((line) => `metered now: ${line}`);
    const gone = (was ?? []).filter((line) => !is?.includes(line)).map((line) => `metered then: ${line}`);
    stale.push(...[...changed, ...gone].map((line) => `${runs[name].what}: ${line}`));
  }
  return stale;
}

export function pageIsOf(metered: Metered): boolean {
  return readFileSync(page, "utf8") === sheet(metered);
}

/** What a stage costs by list price, from what is metered now. */
export async function benchCost(): Promise<Figure[]> {
  return figuresOf(await meterAll(() => {}));
}

export function figuresOf(metered: Metered): Figure[] {
  const causes = causesOf(metered);
  const fixed = fixedCosts(metered);
  return [
    ...fixed.map(({ name, usd, how }) => ({ name: `fixed: ${name}`, value: usd, unit: "$/month", how })),
    {
      name: "fixed: all of these",
      value: fixed.reduce((sum, { usd }) => sum + usd, 0),
      unit: "$/month",
      how: "without GPU hosts, logs and backups",
    },
    ...intervals.map((interval) => ({
      name: `an appliance, beating every ${interval} s`,
      value: totalOf(applianceCosts(causes, interval)),
      unit: "$/month",
      bar: { at: "most" as const, value: bars[interval] },
      how: `doorbell pull, all calls that it causes, metered: its beats, and its part of every sweep; ${sensitivity(timeOf(causes, interval))}`,
    })),
    {
      name: "calls of an appliance at 1,000 of them",
      value: causes.scaling,
      unit: "× of 100",
      bar: { at: "most" as const, value: 1.02 },
      how: "heartbeats: nothing in them grows with the fleet",
    },
    ...Object.entries(prices.gpuHour).map(([type, hour]) => ({
      name: `a GPU worker, ${type}`,
      value: hour,
      unit: "$/hour",
      how: "on demand, while it is up; spot is about a third to a half of it",
    })),
  ];
}

function sensitivity({ eachMsUsd, reckonedMs, missedAtMs }: ReturnType<typeof timeOf>): string {
  return `a heartbeat's time is reckoned, ${reckonedMs.toFixed(1)} ms: each further millisecond is $${eachMsUsd.toFixed(5)}, the bar is missed from ${missedAtMs.toFixed(1)} ms on`;
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  if (args.includes("--check")) {
    const stale = await staleParts();
    process.stdout.write(
      stale.length === 0
        ? `as metered: ${whatOf(true).join(", ")}; not metered again: ${whatOf(false).join(", ")}\n`
        : `${stale.join("\n")}\nnpm run bench:cost writes it anew\n`,
    );
    process.exitCode = stale.length === 0 ? 0 : 1;
    return;
  }
  if (args.includes("--page")) {
    writeFileSync(page, sheet(keptMeter()));
    return;
  }
  const json = args.includes("--json");
  const metered = await meterAll((line) => void (json || process.stderr.write(`${line}\n`)));
  writeFileSync(kept, `${JSON.stringify(metered, null, 2)}\n`);
  writeFileSync(page, sheet(metered));
  const figures = figuresOf(metered);
  process.stdout.write(
    json ? `${JSON.stringify({ metered, figures }, null, 2)}\n` : `${table(figures)}\n\ndocs/cost.md\n`,
  );
  process.exitCode = figures.every(meets) ? 0 : 1;
}

if (import.meta.main) await main(process.argv.slice(2));
