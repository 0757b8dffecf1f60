import { type RunStatus, runStatuses, type TaskStatus, taskHasEnded, taskStatuses } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { type Command, Option } from "commander";
import { actionKindsOf } from "../carry-through.ts";
import type { Runner } from "../context.ts";
import { exitCodes, usageError } from "../exit-codes.ts";
import { createRunPrinter, exitCodeOfTask, followTask, interruptible, waitWhile } from "../follow-task.ts";
import { findTask, listUpTo } from "../list-all.ts";
import { planningText, saidText } from "../text/planning.ts";
import { previewText } from "../text/preview.ts";
import { resultsText } from "../text/results.ts";
import { paintTaskStatus, planText, resultText, runText, slowestText, taskTitle } from "../text/task.ts";
import { glassText, tasksTable } from "../text/tasks-table.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { wavesText } from "../text/waves.ts";
import type { Ui } from "../ui.ts";
import { addDeciding } from "./decide-tasks.ts";
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
          if (task.requestId !== undefined) ui.say(ui.paint.dim(`request ${visible(task.requestId)}`));
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

function headText(task: TaskView, ui: Ui, nowMs: number): string {
  const mode = task.mode === "check" ? ` ${ui.paint.cyan("check only")}` : "";
  return [
    `${ui.paint.bold(taskTitle(task))}${mode}`,
    `${paintTaskStatus(task.status, ui.paint)}  ${ui.paint.dim(`${task.id} · by ${visible(task.requestedBy.name)} ${relative(task.createdAt, nowMs)}`)}`,
  ].join("\n");
}
