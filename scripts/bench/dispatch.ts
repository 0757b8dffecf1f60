import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { measure, type Row, type Setting } from "./dispatch/measure.ts";
import { plot } from "./dispatch/plot.ts";
import type { Interval } from "./dispatch/statistics.ts";
import { columns, type Figure, meets, table } from "./report.ts";

const usage = `npm run bench:dispatch -- [--quick] [--json] [--out <folder>] [--docs]

How long jobs wait by the way they find a worker: the worker's own pull code against the ideal and the usual.

  --quick  only what is held to a bar, with fewer jobs
  --json   rows and figures as JSON
  --out    where dispatch.svg goes (default .steward/bench)
  --docs   writes the table into docs/queues.md as well; not with --quick`;

const docs = new URL("../../docs/queues.md", import.meta.url);
const marks = ["<!-- bench:dispatch -->", "<!-- /bench:dispatch -->"] as const;

/** Long runs where a bar is: the wait of a heavy-tailed load is made by jams that come seldom. */
function settings(quick: boolean): Setting[] {
  const variabilities = [4, 10];
  const barred = variabilities.map((c2) => ({ fleet: "8 × 1" as const, c2, load: 0.85 }));
  if (quick) return barred.map((setting) => ({ ...setting, replications: 4, jobs: 12_000 }));
  const others = variabilities.flatMap((c2) => [
    ...[0.7, 0.95].map((load) => ({ fleet: "8 × 1" as const, c2, load })),
    ...(["8 × 4", "mixed"] as const).map((fleet) => ({ fleet, c2, load: 0.85 })),
  ]);
  return [
    ...barred.map((setting) => ({ ...setting, replications: 8, jobs: 24_000 })),
    ...others.map((setting) => ({ ...setting, replications: 5, jobs: 6_000 })),
  ];
}

/** The rows of a whole measurement, and what of them is held to a bar. */
export async function benchDispatch({ quick, tell }: { quick?: boolean; tell?: (line: string) => void } = {}) {
  const rows: Row[] = [];
  for (const setting of settings(quick ?? false)) {
    tell?.(`${setting.fleet}, load ${setting.load}, C² ${setting.c2} …`);
    rows.push(...(await measure(setting)));
  }
  return { rows, figures: figuresOf(rows) };
}

/**
 * Bars are for eight workers with a slot each: there waiting is dear, and what a poll loses counts most. They are the
 * design's, for both variabilities. In the other fleets 0.45 is below, or next to, what three lanes reach without any
 * poll: what pull loses of that is stated there, without a bar.
 */
function figuresOf(rows: readonly Row[]): Figure[] {
  const ofLanes = rows
    .filter(({ policy, load }) => policy === "pull, three lanes" && load === 0.85)
    .map(({ fleet, c2, lanesRatio, replications, jobs }) => ({
      name: `mean wait, pull, three lanes, ${fleet}`,
      value: lanesRatio.value,
      unit: "×",
      how: `± ${lanesRatio.plusMinus.toFixed(3)} of a central queue with the same lanes; ${replications} × ${jobs} jobs, C² ${c2}`,
    }));
  return [...figuresWithBars(rows), ...ofLanes];
}

function figuresWithBars(rows: readonly Row[]): Figure[] {
  return rows
    .filter(({ fleet, load }) => fleet === "8 × 1" && load === 0.85)
    .flatMap((row): Figure[] => {
      const by = `${row.replications} × ${row.jobs} jobs, C² ${row.c2}, load ${row.load}`;
      const how = ({ plusMinus }: Interval, of: string) => `± ${plusMinus.toFixed(3)} of ${of}; ${by}`;
      const fcfs = "a central queue, first come first served";
      const figure = (name: string, { value, plusMinus }: Interval, at: "most" | "least", bar: number, of: string) => ({
        name,
        value,
        unit: "×",
        bar: { at, value: bar },
        how: how({ value, plusMinus }, of),
      });
      if (row.policy === "pull, one lane")
        return [figure(`mean wait, ${row.policy}`, row.waitRatio, "most", 1.05, fcfs)];
      if (row.policy !== "pull, three lanes") return [];
      return [
        figure(`mean wait, ${row.policy}`, row.waitRatio, "most", 0.45, fcfs),
        figure(`p99 response, ${row.policy}`, row.p99Ratio, "most", 1.1, fcfs),
        figure(
          `mean wait, smallest queue by heartbeats`,
          row.betterThanHeartbeats,
          "least",
          15,
          `${row.policy} (heartbeats 60 s)`,
        ),
      ];
    });
}

const head = [
  "fleet",
  "load",
  "C²",
  "how a job finds a slot",
  "mean wait s",
  "of FCFS",
  "of central lanes",
  "p50 s",
  "p99 s",
  "p99 of FCFS",
];

function cells(row: Row): string[] {
  const show = ({ value, plusMinus }: Interval, digits: number) =>
    `${value.toFixed(digits)} ± ${plusMinus.toFixed(digits)}`;
  return [
    row.fleet,
    row.load.toFixed(2),
    String(row.c2),
    row.policy,
    show(row.meanWaitS, 2),
    show(row.waitRatio, row.waitRatio.value < 10 ? 3 : 1),
    show(row.lanesRatio, row.lanesRatio.value < 10 ? 3 : 1),
    show(row.p50ResponseS, 2),
    show(row.p99ResponseS, 1),
    show(row.p99Ratio, 3),
  ];
}

function writeDocs(rows: readonly Row[]): void {
  const text = readFileSync(docs, "utf8");
  const [before, after] = [text.split(marks[0])[0], text.split(marks[1])[1]];
  if (before === undefined || after === undefined) throw new Error(`docs/queues.md has no ${marks.join(" … ")}`);
  const shown = rows.filter(({ load }) => load === 0.85);
  const lines = [head, head.map(() => "---"), ...shown.map(cells)].map((line) => `| ${line.join(" | ")} |`);
  writeFileSync(docs, `${before}${marks[0]}\n\n${lines.join("\n")}\n\n${marks[1]}${after}`);
}

async function main(args: string[]): Promise<void> {
  const has = (name: string) => args.includes(name);
  if (has("--help")) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  if (has("--docs") && has("--quick")) {
    process.stderr.write("--docs wants the whole measurement: what --quick leaves out would be missing in the table\n");
    process.exitCode = 2;
    return;
  }
  const folder = has("--out") ? (args[args.indexOf("--out") + 1] ?? ".") : join(".steward", "bench");
  const startedMs = performance.now();
  const { rows, figures } = await benchDispatch({
    quick: has("--quick"),
    tell: (line) => has("--json") || process.stderr.write(`${line}\n`),
  });
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "dispatch.svg");
  writeFileSync(file, plot(rows));
  if (has("--docs")) writeDocs(rows);
  process.stdout.write(
    has("--json")
      ? `${JSON.stringify({ rows, figures }, null, 2)}\n`
      : `${columns(head, rows.map(cells))}\n\n${table(figures)}\n\n${file}; ${((performance.now() - startedMs) / 1_000).toFixed(0)} s\n`,
  );
  process.exitCode = figures.every(meets) ? 0 : 1;
}

if (import.meta.main) await main(process.argv.slice(2));
