import type { Command } from "commander";
import { actionKindsOf, carryThrough, decide } from "../carry-through.ts";
import type { Runner } from "../context.ts";
import { exitCodes, usageError } from "../exit-codes.ts";
import { interruptible } from "../follow-task.ts";
import { findTask } from "../list-all.ts";
import { showPreview } from "../preview-task.ts";
import { previewText } from "../text/preview.ts";
import { paintTaskStatus, planText } from "../text/task.ts";
import { examples } from "./shared.ts";
import { addSteering } from "./steer-tasks.ts";

interface ApproveOptions {
  yes?: boolean;
  confirm?: string;
  breakGlass?: string;
  wait: boolean;
}

export function addDeciding(tasks: Command, run: Runner): void {
  examples(
    tasks
      .command("preview")
      .description("Show what a plan that waits for its approval would change, on each appliance. Nothing is changed.")
      .argument("[id]")
      .option("--last", "show the newest preview again instead of making one")
      .action(async (id: string | undefined, options: { last?: boolean }, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          const task = await findTask(call, id);
          if (options.last === true) {
            const preview = await call("getPreview", { params: { taskId: task.id } });
            ui.say(previewText(preview, ui.paint, nowMs()));
            ui.data(preview);
            return exitCodes.ok;
          }
          return interruptible(task, async (signal) => {
            const preview = await showPreview(call, task, ui, { nowMs, signal });
            ui.data(preview);
            return preview.status === "failed" ? exitCodes.failed : exitCodes.ok;
          });
        }),
      ),
    "steward tasks preview",
    "steward tasks preview --last --json | jq '.groups[].count'",
  );

  tasks
    .command("approve")
    .description("Show the plan again, and say yes to exactly that plan.")
    .argument("<id>")
    .option("--yes", "without being asked")
    .option("--confirm <name>", "the name that the plan wants retyped")
    .option("--break-glass <reason>", "alone and at once, past windows, blast radius, preview and the second person")
    .option("--no-wait", "do not follow it to its end")
    .action(async (id: string, options: ApproveOptions, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        let task = await findTask(call, id);
        // One that was approved already may be held by a window.
        if (task.status === "running" && options.breakGlass !== undefined) {
          const decided = await decide(call, task, ui, { ...options, approving: true });
          if ("exit" in decided || !options.wait) {
            ui.data(decided.task);
            return "exit" in decided ? decided.exit : exitCodes.ok;
          }
          task = decided.task;
          return carryThrough(call, task, ui, nowMs, {});
        }
        if (task.status !== "awaiting_approval") {
          throw usageError(
            `The task is ${task.status.replaceAll("_", " ")}: there is nothing to approve`,
            `See it: steward tasks show ${task.id}`,
          );
        }
        const choice = {
          approving: true,
          ...(options.yes === undefined ? {} : { yes: options.yes }),
          ...(options.confirm === undefined ? {} : { confirm: options.confirm }),
          ...(options.breakGlass === undefined ? {} : { breakGlass: options.breakGlass }),
        };
        if (options.wait) return carryThrough(call, task, ui, nowMs, choice);
        ui.say(`${planText(task, { paint: ui.paint, nowMs: nowMs(), kinds: await actionKindsOf(call, ui) })}\n`);
        const decided = await decide(call, task, ui, choice);
        ui.data(decided.task);
        return "exit" in decided ? decided.exit : exitCodes.ok;
      }),
    );

  for (const [verb, route, description, past] of [
    ["reject", "rejectTask", "Say no to a plan.", "Rejected"],
    ["cancel", "cancelTask", "Stop what has not started yet.", "Cancelling"],
  ] as const) {
    tasks
      .command(verb)
      .description(description)
      .argument("<id>")
      .option("--reason <words>", "why")
      .action(async (id: string, options: { reason?: string }, self: Command) =>
        run(self, async ({ connect, ui }) => {
          const { call } = await connect();
          const task = await call(route, {
            params: { taskId: id },
            body: options.reason === undefined ? {} : { reason: options.reason },
            idempotencyKey: crypto.randomUUID(),
          });
          ui.data(task);
          ui.say(`${past}. The task is ${paintTaskStatus(task.status, ui.paint)}.`);
        }),
      );
  }

  addSteering(tasks, run);

  tasks
    .command("answer")
    .description("Answer a task's question, and go on with it.")
    .argument("<id>")
    .argument("<answer...>")
    .option("--yes", "say yes to the plan without being asked")
    .option("--confirm <name>", "the name that the plan wants retyped")
    .option("--plan-only", "stop after showing the plan")
    .action(
      async (
        id: string,
        words: string[],
        options: { yes?: boolean; confirm?: string; planOnly?: boolean },
        self: Command,
      ) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          const task = await call("answerTask", {
            params: { taskId: id },
            body: { answer: words.join(" ") },
            idempotencyKey: crypto.randomUUID(),
          });
          return carryThrough(call, task, ui, nowMs, {
            ...(options.yes === undefined ? {} : { yes: options.yes }),
            ...(options.confirm === undefined ? {} : { confirm: options.confirm }),
            ...(options.planOnly === undefined ? {} : { planOnly: options.planOnly }),
          });
        }),
    );
}
