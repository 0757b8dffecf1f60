import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { visible } from "../text/visible.ts";
import { distributionTable, recommendationTable } from "../text/work.ts";
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
        ui.say(answer.items.length === 0 ? "No worker fits." : recommendationTable(answer.items, ui));
        for (const { name, why } of answer.unfit) ui.say(paint.dim(`${visible(name)}: ${visible(why)}`));
        return answer.items.length > 0 ? exitCodes.ok : exitCodes.failed;
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
        ui.say(distributionTable(answer.items, ui));
        if (answer.more) ui.hint("There is more: these are the largest.");
      }),
    );
  examples(distribution, "steward workers distribution --days 30");
}
