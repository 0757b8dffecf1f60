import type { Client } from "@steward/contracts/client";
import type { TaskView } from "@steward/contracts/task";
import type { Command } from "commander";
import { followToEnd } from "../carry-through.ts";
import type { Runner } from "../context.ts";
import { type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { interruptible } from "../follow-task.ts";
import { findTask } from "../list-all.ts";
import { paintTaskStatus, taskTitle } from "../text/task.ts";
import { wavesText } from "../text/waves.ts";
import type { Ui } from "../ui.ts";
import { examples } from "./shared.ts";

/** What can be said about a rollout that runs, or has run. */
export function addSteering(tasks: Command, run: Runner): void {
  tasks
    .command("pause")
    .description("Send no more of it; what was sent goes on.")
    .argument("<id>")
    .option("--reason <words>", "why")
    .action(async (id: string, options: { reason?: string }, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const body = options.reason === undefined ? {} : { reason: options.reason };
        const task = await call("pauseTask", { params: { taskId: id }, body, idempotencyKey: crypto.randomUUID() });
        ui.data(task);
        ui.say(wavesText(task, ui.paint));
        ui.say(`Go on with: steward tasks resume ${task.id}`);
      }),
    );

  tasks
    .command("resume")
    .description("Go on with what is paused, or waits for somebody's word after a wave.")
    .argument("<id>")
    .option("--no-wait", "do not follow it to its end")
    .action(async (id: string, options: { wait: boolean }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const task = await call("resumeTask", { params: { taskId: id }, idempotencyKey: crypto.randomUUID() });
        return goOn(call, task, ui, { nowMs, wait: options.wait, said: "It goes on." });
      }),
    );

  examples(
    tasks
      .command("retry")
      .description("Once more where it failed, and where it therefore never came to; under the same approval.")
      .argument("<id>")
      .option("--no-wait", "do not follow it to its end")
      .action(async (id: string, options: { wait: boolean }, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          const task = await call("retryTask", { params: { taskId: id }, idempotencyKey: crypto.randomUUID() });
          return goOn(call, task, ui, { nowMs, wait: options.wait, said: "It is tried again." });
        }),
      ),
    "steward tasks retry tsk_01jd0000000000000000000000",
  );

  examples(
    tasks
      .command("undo")
      .description("Take back what a task has done: on each appliance exactly what it changed there.")
      .argument("<id>")
      .option("--reason <words>", "why")
      .option("--yes", "without being asked")
      .option("--no-wait", "do not follow it to its end")
      .action(async (id: string, options: { reason?: string; yes?: boolean; wait: boolean }, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          if (options.yes !== true) {
            if (!ui.canAsk) throw usageError("An undo changes appliances: say --yes, or answer on a terminal");
            const task = await findTask(call, id);
            const where = task.targetCount === 1 ? "the appliance" : `up to ${task.targetCount ?? "?"} appliances`;
            ui.say(`${ui.paint.bold(taskTitle(task))}  ${paintTaskStatus(task.status, ui.paint)}`);
            if ((await ui.confirm(ui.paint.bold(`Undo it on ${where}?`))) !== true) {
              ui.say("Not undone. Nothing was changed.");
              return exitCodes.failed;
            }
          }
          const task = await call("undoTask", {
            params: { taskId: id },
            body: options.reason === undefined ? {} : { reason: options.reason },
            idempotencyKey: crypto.randomUUID(),
          });
          return goOn(call, task, ui, { nowMs, wait: options.wait, said: "It is being undone." });
        }),
      ),
    'steward tasks undo tsk_01jd0000000000000000000000 --yes --reason "the wrong site"',
  );
}

async function goOn(
  call: Client,
  task: TaskView,
  ui: Ui,
  { nowMs, wait, said }: { nowMs: () => number; wait: boolean; said: string },
): Promise<ExitCode> {
  ui.say(said);
  if (wait) return interruptible(task, (signal) => followToEnd(call, task, ui, { nowMs, signal }));
  ui.data(task);
  ui.say(`Watch it with: steward tasks watch ${task.id}`);
  return exitCodes.ok;
}
