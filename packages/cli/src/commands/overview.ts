import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { listUpTo } from "../list-all.ts";
import { paintHealth } from "../text/health.ts";
import { waitText } from "../text/queues.ts";
import { glassText, tasksTable } from "../text/tasks-table.ts";
import { visible } from "../text/visible.ts";
import { nearlyUsedUp, quotaLine } from "./limits.ts";
import { nodesTable, unwellNodes } from "./nodes.ts";

export function addStatus(program: Command, run: Runner): void {
  program
    .command("status")
    .summary("what is wrong, what is running, what waits for you")
    .description("What is wrong, what is running, and what waits for you.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call, apiUrl, profileName } = await connect();
        const done = ui.progress("Looking …");
        const tasksIn = (status: "awaiting_approval" | "needs_input" | "running" | "thinking" | "cancelling") =>
          listUpTo(20, (query) => call("listTasks", { query: { ...query, status } })).then(({ items }) => items);
        const [stats, limits, health, freezes, unwell, recent, queues, ...lists] = await Promise.all([
          call("stats", {}),
          call("getLimits", {}),
          // Degraded it is answered with 200, too.
          call("health", {}),
          call("listFreezes", {}),
          unwellNodes(call),
          call("listTasks", { query: { limit: 100 } }),
          call("queueStatus", {}),
          tasksIn("awaiting_approval"),
          tasksIn("needs_input"),
          tasksIn("thinking"),
          tasksIn("running"),
          tasksIn("cancelling"),
        ]).finally(done);
        const waiting = lists.slice(0, 2).flat();
        const running = lists.slice(2).flat();
        const broken = recent.items.filter(
          ({ breakGlass }) => breakGlass !== undefined && Date.parse(breakGlass.at) > nowMs() - glassShownMs,
        );
        // How long a new request would wait for a model: said where something waits.
        const crowded = queues.lanes.filter(({ queued }) => queued > 0);
        const full = nearlyUsedUp(limits);
        const failed = Object.entries(health.dependencies).flatMap(([name, one]) => (one === "ok" ? [] : [name]));
        ui.data({
          stats,
          wrong: unwell,
          failed,
          limits: full,
          freezes: freezes.items,
          broken,
          running,
          waiting,
          lanes: crowded,
        });

        const { paint } = ui;
        const total = Object.values(stats.nodes).reduce((sum, count) => sum + count, 0);
        ui.say(`${paint.bold(visible(profileName ?? "by token"))}  ${paint.dim(apiUrl)}`);
        for (const freeze of freezes.items) {
          ui.say(
            paint.cyan(
              `❄ Frozen until ${freeze.until} (${freeze.scope}): ${visible(freeze.reason)}  ${paint.dim(freeze.id)}`,
            ),
          );
        }
        for (const task of broken) {
          if (task.breakGlass) ui.say(`${glassText(task.breakGlass, ui, nowMs())}  ${paint.dim(task.id)}`);
        }
        ui.say(`\n${paint.bold("Wrong")}`);
        for (const name of failed) ui.say(`  ${paint.red("✘")} ${failures[name] ?? `${name} does not answer`}`);
        if (unwell.length === 0 && failed.length === 0)
          ui.say(
            `  ${paint.green("✔")} nothing: ${paintHealth("healthy", paint)} ${stats.nodes.healthy ?? 0} of ${total}`,
          );
        else if (unwell.length > 0) ui.say(nodesTable(unwell, ui, nowMs()));
        for (const use of full) ui.say(`  ${quotaLine(use, ui)}  ${paint.dim("steward limits")}`);
        ui.say(`\n${paint.bold("Running")}`);
        ui.say(running.length === 0 ? paint.dim("  nothing") : tasksTable(running, ui, nowMs()));
        ui.say(
          `\n${paint.bold("Waiting")}${stats.tasks.waitingForMe > 0 ? paint.yellow(`  ${stats.tasks.waitingForMe} for you`) : ""}`,
        );
        ui.say(waiting.length === 0 ? paint.dim("  nothing") : tasksTable(waiting, ui, nowMs()));
        for (const { lane, queued, more, expectedWait } of crowded) {
          ui.say(
            `  ${queued}${more ? "+" : ""} in the lane ${lane}: a new one waits ${waitText(expectedWait)}  ${paint.dim(`steward queues show ${lane}`)}`,
          );
        }
        const [first] = waiting;
        if (first !== undefined) ui.say(paint.dim(`  steward tasks show ${first.id}`));
      }),
    );
}

/** Whoever looks the next morning still sees it. */
const glassShownMs = 24 * 3_600_000;

/** What `GET /health` looks at, where more is to be said than that it does not answer. */
const failures: Readonly<Record<string, string>> = {
  trust: "the appliances' trust document ends within the month, or is not there: steward keys trust --renew",
};
