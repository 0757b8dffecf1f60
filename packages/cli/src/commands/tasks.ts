import type { Client } from "@steward/contracts/client";
import { type RunStatus, runStatuses, type TaskStatus, taskHasEnded, taskStatuses } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { type Command, Option } from "commander";
import { actionKindsOf, carryThrough, decide, followToEnd } from "../carry-through.ts";
import type { Runner } from "../context.ts";
import { type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { createRunPrinter, exitCodeOfTask, followTask, interruptible, waitWhile } from "../follow-task.ts";
import { findTask, listUpTo } from "../list-all.ts";
import { showPreview } from "../preview-task.ts";
import { previewText } from "../text/preview.ts";
import { resultsText } from "../text/results.ts";
import { table } from "../text/table.ts";
import { paintTaskStatus, planText, resultText, runText, slowestText, taskTitle } from "../text/task.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { planningText, saidText } from "../text/planning.ts";
import { wavesText } from "../text/waves.ts";
import type { Ui } from "../ui.ts";
import { addHandOver } from "./hand-over.ts";
import { examples, wholeNumber } from "./shared.ts";

export function addTasks(program: Command, run: Runner): void {
  const tasks = program.command("tasks").summary("see and decide on tasks").description("See and decide on tasks.");
  addReading(tasks, run);
  addDeciding(tasks, run);
  addHandOver(tasks, run);
}

function addReading(tasks: Command, run: Runner): void {
  tasks
    .command("ls")
    .description("Tasks, newest first.")
    .addOption(new Option("--status <status>", "only these").choices([...taskStatuses]))
    .option("--limit <number>", "how many", wholeNumber(1, 10_000), 30)
    .action(async (options: { status?: TaskStatus; limit: number }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const { call } = await connect();
        const { items, more } = await listUpTo(options.limit, (query) =>
          call("listTasks", {
            query: { ...query, ...(options.status === undefined ? {} : { status: options.status }) },
          }),
        );
        ui.data({ items, more });
        if (items.length === 0) ui.say('No tasks. Ask for something: steward ask "…" --on <appliance>');
        else ui.say(tasksTable(items, ui, nowMs()));
        if (more) ui.say(ui.paint.dim(`… and more: --limit ${options.limit * 2}`));
      }),
    );

  examples(
    tasks
      .command("show")
      .description("One task with its plan and its runs; without an id, the newest.")
      .argument("[id]")
      .option("--output", "with what Ansible said")
      .action(async (id: string | undefined, options: { output?: boolean }, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          const task = await findTask(call, id);
          ui.data(task);
          if (ui.json) return exitCodes.ok;
          ui.say(headText(task, ui, nowMs()));
          if (task.question) {
            ui.say(
              `${ui.paint.yellow("?")} ${visible(task.question.text)}  ${ui.paint.dim(task.question.choices.map(visible).join(", "))}`,
            );
          }
          if (task.breakGlass) ui.say(glassText(task.breakGlass, ui, nowMs()));
          if (task.plan)
            ui.say(`\n${planText(task, { paint: ui.paint, nowMs: nowMs(), kinds: await actionKindsOf(call, ui) })}\n`);
          const waves = wavesText(task, ui.paint);
          if (waves !== "") ui.say(`${waves}\n`);
          const runs = task.runs ?? [];
          if (options.output === true) {
            const printer = createRunPrinter(call, task, ui, { output: "all" });
            await printer.readToTheEnd(task);
            await printer.printRest(task);
            if (!printer.isTrusted()) return exitCodes.failed;
          } else {
            const width = Math.max(0, ...runs.map((one) => one.applianceName.length));
            for (const one of runs) ui.say(runText(one, width, ui.paint));
            const slowest = slowestText(runs, ui.paint);
            if (slowest !== "") ui.say(`\n${slowest}`);
          }
          if (task.status === "awaiting_approval" && task.previewTaskId !== undefined) {
            const preview = await call("getPreview", { params: { taskId: task.id } });
            ui.say(previewText(preview, ui.paint, nowMs()));
          }
          const planning = planningText(task.planning, ui.paint);
          if (planning !== "") ui.say(planning);
          for (const line of saidText(task, ui.paint, nowMs())) ui.say(line);
          if (taskHasEnded(task.status)) ui.say(`${runs.length > 0 ? "\n" : ""}${resultText(task, ui.paint, nowMs())}`);
          return exitCodes.ok;
        }),
      ),
    "steward tasks show --output",
  );

  examples(
    tasks
      .command("runs")
      .description("A task's runs, one by one, however many there are.")
      .argument("<id>")
      .addOption(new Option("--status <status>", "only these").choices([...runStatuses]))
      .option("--wave <number>", "only those of one wave", wholeNumber(1, 100))
      .option("--limit <number>", "how many", wholeNumber(1, 10_000), 200)
      .action(async (id: string, options: { status?: RunStatus; wave?: number; limit: number }, self: Command) =>
        run(self, async ({ connect, ui }) => {
          const { call } = await connect();
          const { status, wave } = options;
          const { items, more } = await listUpTo(options.limit, (query) =>
            call("listRuns", {
              params: { taskId: id },
              query: { ...query, ...(status === undefined ? {} : { status }), ...(wave === undefined ? {} : { wave }) },
            }),
          );
          ui.data({ items, more });
          if (items.length === 0) return ui.say("There are none.");
          const width = Math.max(...items.map((one) => one.applianceName.length));
          for (const one of items) ui.say(runText(one, width, ui.paint));
          if (more) ui.say(ui.paint.dim(`… and more: --limit ${options.limit * 2}`));
        }),
      ),
    "steward tasks runs tsk_… --status failed",
  );

  tasks
    .command("results")
    .description("What the appliances of a task said, equal answers together; without an id, of the newest.")
    .argument("[id]")
    .action(async (id: string | undefined, _options: object, self: Command) =>
      run(self, async ({ connect, ui }) => {
        const { call } = await connect();
        const task = await findTask(call, id);
        const results = await call("getResults", { params: { taskId: task.id } });
        ui.data(results);
        ui.say(resultsText(results, ui.paint));
      }),
    );

  examples(
    tasks
      .command("watch")
      .description(
        "Follow a task to its end; without an id, the newest. Ctrl-C ends only the watching. With --json: one line for each change.",
      )
      .argument("[id]")
      .option("--output", "every appliance's output as it comes, however many there are; checked whole at its end")
      .option("--appliance <name>", "only this appliance's, by name or id")
      .action(async (id: string | undefined, options: { output?: boolean; appliance?: string }, self: Command) =>
        run(self, async ({ connect, ui, nowMs }) => {
          const { call } = await connect();
          const task = await findTask(call, id);
          return interruptible(task, async (signal) => {
            ui.say(headText(task, ui, nowMs()));
            const { appliance } = options;
            if (
              appliance !== undefined &&
              !task.targets.some(({ id: one, name }) => one === appliance || name === appliance)
            )
              throw usageError(`${appliance} is no target of this task`, "See them: steward tasks show");
            if (!taskHasEnded(task.status)) ui.hint(ui.paint.dim("Ctrl-C stops the watching, not the task."));
            ui.data(task);
            const started = await waitWhile(call, task, ui, {
              statuses: ["queued", "thinking", "needs_input", "awaiting_approval"],
              text: `Waiting (${task.status.replaceAll("_", " ")}) …`,
              signal,
            });
            const followed = await followTask(call, started, ui, {
              output: options.output === true || appliance !== undefined ? "all" : "some",
              ...(appliance === undefined ? {} : { appliance }),
              onVersion: (version) => {
                if (version.version > task.version) ui.data(version);
              },
              signal,
            });
            ui.say(resultText(followed.task, ui.paint, nowMs()));
            return followed.outputTrusted ? exitCodeOfTask(followed.task) : exitCodes.failed;
          });
        }),
      ),
    "steward tasks watch",
    "steward tasks watch --output --appliance nas",
    "steward tasks watch --json | jq .status",
  );
}

interface ApproveOptions {
  yes?: boolean;
  confirm?: string;
  breakGlass?: string;
  wait: boolean;
}

function addDeciding(tasks: Command, run: Runner): void {
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

/** What can be said about a rollout that runs, or has run. */
function addSteering(tasks: Command, run: Runner): void {
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

/** Also used by `status`. */
export function glassText(
  { name, reason, at }: NonNullable<TaskView["breakGlass"]>,
  { paint }: Ui,
  nowMs: number,
): string {
  return `${paint.bold(paint.red("⚠ Past the rules"))}  ${visible(name)} ${relative(at, nowMs)}: ${visible(reason)}`;
}

/** Also used by `status`. */
export function tasksTable(items: readonly TaskView[], ui: Ui, nowMs: number): string {
  return table(
    items,
    [
      { head: "ID", cell: (task) => task.id },
      { head: "STATUS", cell: (task) => paintTaskStatus(task.status, ui.paint) },
      { head: "WHAT", cell: taskTitle, flexible: true },
      { head: "ON", cell: (task) => targetNames(task), flexible: true },
      { head: "BY", cell: (task) => visible(task.requestedBy.name), flexible: true },
      { head: "WHEN", cell: (task) => relative(task.createdAt, nowMs) },
    ],
    ui.width,
    ui.paint,
  );
}

function targetNames(task: TaskView): string {
  const names = task.targets.map((target) => visible(target.name));
  return names.length <= 3 ? names.join(", ") : `${names.length} appliances`;
}

function headText(task: TaskView, ui: Ui, nowMs: number): string {
  const mode = task.mode === "check" ? ` ${ui.paint.cyan("check only")}` : "";
  return [
    `${ui.paint.bold(taskTitle(task))}${mode}`,
    `${paintTaskStatus(task.status, ui.paint)}  ${ui.paint.dim(`${task.id} · by ${visible(task.requestedBy.name)} ${relative(task.createdAt, nowMs)}`)}`,
  ].join("\n");
}
