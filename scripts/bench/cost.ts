import { readFileSync, writeFileSync } from "node:fs";
import { totalOf } from "./cost/billables.ts";
import { fixedCosts } from "./cost/fixed.ts";
import { type Metered, meterAll, meterHour } from "./cost/meter.ts";
import { applianceCosts, intervals, meterTable, sheet } from "./cost/sheet.ts";
import { prices } from "./prices.ts";
import { type Figure, meets, table } from "./report.ts";

const usage = `npm run bench:cost -- [--check | --page] [--json]

What a fleet costs on AWS: meters the functions' calls and writes bench/cost.json and docs/cost.md.

  --check  only meters the hour again, and says whether both are still so; writes nothing
  --page   only writes docs/cost.md anew, from bench/cost.json: enough where prices, alarms or metrics have changed
  --json   what was metered and the figures as JSON`;

const kept = new URL("../../bench/cost.json", import.meta.url);
const page = new URL("../../docs/cost.md", import.meta.url);

export function keptMeter(): Metered {
  return JSON.parse(readFileSync(kept, "utf8")) as Metered;
}

/** What is not as the command would write it; empty where all is. */
export async function staleParts(): Promise<string[]> {
  const metered = keptMeter();
  const [was, is] = [meterTable(metered.hour), meterTable(await meterHour())].map((text) => text.split("\n"));
  const changed = (is ?? []).filter((line) => !was?.includes(line)).map((line) => `metered now: ${line}`);
  const gone = (was ?? []).filter((line) => !is?.includes(line)).map((line) => `metered then: ${line}`);
  return [...changed, ...gone, ...(pageIsOf(metered) ? [] : ["docs/cost.md is not made of bench/cost.json"])];
}

export function pageIsOf(metered: Metered): boolean {
  return readFileSync(page, "utf8") === sheet(metered);
}

/** What a stage costs by list price, from what is metered now. */
export async function benchCost(): Promise<Figure[]> {
  return figuresOf(await meterAll(() => {}));
}

export function figuresOf(metered: Metered): Figure[] {
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
      value: totalOf(applianceCosts(metered, interval)),
      unit: "$/month",
      bar: { at: "most" as const, value: interval === "60" ? 0.082 : 0.018 },
      how: "doorbell pull, all calls that it causes, metered: its beats, and its part of every sweep",
    })),
    {
      name: "calls of an appliance at 1,000 of them",
      value: metered.scaling,
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

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  if (args.includes("--check")) {
    const stale = await staleParts();
    process.stdout.write(
      stale.length === 0 ? "docs/cost.md is as metered\n" : `${stale.join("\n")}\nnpm run bench:cost writes it anew\n`,
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
