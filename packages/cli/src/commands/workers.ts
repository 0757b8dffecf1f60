import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { paintHealth } from "../text/health.ts";
import { table } from "../text/table.ts";
import { duration } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { collect, examples, wholeNumber } from "./shared.ts";

/** Which worker would do best, and where work ran: below `steward workers`. */
export function addWorkerViews(workers: Command, run: Runner): void {
  const recommend = workers
    .command("recommend")
    .summary("which fit best, and why")
    .description("Which workers fit best: CPU counts 40 of 100, memory 30, free slots 20, health 10.")
    .option("--count <n>", "how many (1 to 50)", wholeNumber(1, 50), 3)
    .option("--require <requirement>", "model:<name>, slots:<n>, gpu-memory-mb:<n> (may be given again)", collect)
    .action(async ({ count, require }: { count: number; require?: string[] }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const requirements = require?.join(",");
        const answer = await call("recommendWorkers", {
          query: { count, ...(requirements === undefined ? {} : { requirements }) },
        });
        ui.data(answer);
        const { paint } = ui;
        if (answer.items.length === 0) ui.say("No worker fits.");
        else {
          const partOf = (name: string) => (one: (typeof answer.items)[number]) =>
            (one.parts.find((part) => part.name === name)?.points ?? 0).toFixed(1);
          ui.say(
            table(
              answer.items,
              [
                { head: "WORKER", cell: (one) => visible(one.name) },
                { head: "SCORE", cell: (one) => one.score.toFixed(1) },
                { head: "CPU /40", cell: partOf("cpu") },
                { head: "MEMORY /30", cell: partOf("memory") },
                { head: "JOBS /20", cell: partOf("activeJobs") },
                { head: "HEALTH /10", cell: partOf("health") },
                { head: "IS", cell: (one) => paintHealth(one.health, paint) },
                { head: "FREE", cell: (one) => `${one.free}/${one.slots}` },
                { head: "MODELS", cell: (one) => one.models.map(visible).join(", "), flexible: true },
              ],
              ui.width,
              paint,
            ),
          );
        }
        for (const { name, why } of answer.unfit) ui.say(paint.dim(`${visible(name)}: ${visible(why)}`));
      }),
    );
  examples(recommend, "steward workers recommend --require model:llama3.1:8b --require slots:2");

  const distribution = workers
    .command("distribution")
    .summary("where work ran")
    .description("Where work ran: jobs, tokens and time by worker, lane, tier and model.")
    .option("--days <n>", "today and the days before it, UTC (1 to 31)", wholeNumber(1, 31), 7)
    .option("--own", "this tenant's jobs only (a customer sees no others)")
    .action(async ({ days, own }: { days: number; own?: true }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const answer = await call("workDistribution", {
          query: { days, ...(own === true ? { scope: "tenant" as const } : {}) },
        });
        ui.data(answer);
        const { paint } = ui;
        const whose = answer.scope === "installation" ? "all tenants" : "this tenant";
        ui.say(paint.dim(`${answer.from} to ${answer.to}, ${whose}`));
        if (answer.items.length === 0) {
          ui.say("No model has worked on anything.");
          return;
        }
        ui.say(
          table(
            answer.items,
            [
              { head: "WORKER", cell: (one) => visible(one.worker.name) },
              { head: "LANE", cell: (one) => one.lane },
              { head: "TIER", cell: (one) => one.tier },
              { head: "MODEL", cell: (one) => visible(one.model), flexible: true },
              { head: "JOBS", cell: (one) => String(one.jobs) },
              { head: "FAILED", cell: (one) => String(one.failures) },
              { head: "TOKENS", cell: (one) => String(one.tokens) },
              { head: "TIME", cell: (one) => duration(one.seconds * 1000) },
              { head: "COST", cell: (one) => (one.costUsd === 0 ? "" : `$${one.costUsd.toFixed(4)}`) },
              { head: "SHARE", cell: (one) => `${(one.share * 100).toFixed(1)} %` },
            ],
            ui.width,
            paint,
          ),
        );
        if (answer.more) ui.hint("There is more: these are the largest.");
      }),
    );
  examples(distribution, "steward workers distribution --days 30");
}
