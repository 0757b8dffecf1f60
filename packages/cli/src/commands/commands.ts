import type { CommandStats } from "@steward/contracts/commands";
import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { exitCodes } from "../exit-codes.ts";
import { table } from "../text/table.ts";
import { duration } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";

export function addCommands(program: Command, run: Runner): void {
  const commands = program
    .command("commands")
    .summary("what is under way on the appliances, and what is stuck")
    .description("What is under way on the appliances. To run something: steward actions run.");

  commands
    .command("stats")
    .description("Runs under way, doorbells, and what is stuck. Ends with 1 where something is.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const stats = await call("commandStats", {});
        ui.data(stats);
        ui.say(statsText(stats, ui));
        return stats.stuck.length === 0 ? exitCodes.ok : exitCodes.failed;
      }),
    );

  commands
    .command("cleanup")
    .description("End now what is past its deadline, instead of within the next minute.")
    .action(async (_options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const ended = await call("cleanupCommands", { idempotencyKey: crypto.randomUUID() });
        ui.data(ended);
        if (ended.tasks.length + ended.runs.length === 0) ui.say("Nothing is past its deadline.");
        for (const taskId of ended.tasks) ui.say(`Ended: ${taskId}`);
        for (const runId of ended.runs) ui.say(`Being ended: ${runId}`);
      }),
    );
}

function statsText(stats: CommandStats, ui: Ui): string {
  const { paint } = ui;
  const { doorbells } = stats;
  const seconds = (count: number | undefined) => (count === undefined ? "" : `, longest ${duration(count * 1000)}`);
  const counts = Object.entries(stats.runs).map(([status, count]) => `${count} ${status}`);
  const rows = [
    [
      "Tasks",
      `${stats.tasks.running}${stats.more ? "+" : ""} running, ${stats.tasks.waitingForApproval} wait for approval`,
    ],
    ["Runs", `${counts.length === 0 ? "none" : counts.join(", ")}${seconds(stats.longestRunSeconds)}`],
    [
      "Doorbells",
      `${doorbells.pull + doorbells.ssm} wait to be answered (${doorbells.pull} pull, ${doorbells.ssm} ssm)${seconds(stats.longestWaitSeconds)}`,
    ],
    ["", `${doorbells.again} rung again, ${doorbells.refused} rings not taken by SSM`],
  ];
  const lines = rows.map(([label = "", text = ""]) => `${paint.bold(label.padEnd(11))}${text}`);
  if (stats.stuck.length === 0) return [...lines, `${paint.green("✔")} nothing is stuck`].join("\n");
  const stuck = table(
    stats.stuck,
    [
      { head: "APPLIANCE", cell: (one) => visible(one.applianceName) },
      { head: "STATUS", cell: (one) => one.status },
      { head: "FOR", cell: (one) => duration(one.forSeconds * 1000) },
      { head: "WHY", cell: (one) => one.why, flexible: true },
      { head: "TASK", cell: (one) => one.taskId },
    ],
    ui.width,
    paint,
  );
  return [...lines, "", paint.bold(paint.yellow("Stuck")), stuck].join("\n");
}
