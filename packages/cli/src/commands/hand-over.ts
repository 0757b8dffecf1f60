import type { Client } from "@steward/contracts/client";
import type { TaskView } from "@steward/contracts/task";
import { Argument, type Command, Option } from "commander";
import { rightRequest, wrongOutcomes } from "@steward/contracts/benchmark-request";
import type { Runner } from "../context.ts";
import { usageError } from "../exit-codes.ts";
import { listUpTo, pagesOf } from "../list-all.ts";
import { taskTitle } from "../text/task.ts";
import { relative } from "../text/time.ts";
import { visible } from "../text/visible.ts";
import { examples, wholeNumber } from "./shared.ts";

const verdicts = ["right", "wrong"] as const;
type Verdict = (typeof verdicts)[number];

const sayWhich = "Say which task: steward tasks ls shows them";

/** What people say about a task: that the provider is to look at it, and whether it was understood. */
export function addHandOver(tasks: Command, run: Runner): void {
  examples(
    tasks
      .command("escalate")
      .description("Ask your provider's staff to look at a task that failed, was refused, or needs an answer.")
      .usage("<task> [note] | <task> --answer <words> | --list")
      .argument("[task]", "its id; not with --list")
      .argument("[note]", "what they should know")
      .option("--answer <words>", "for the provider's staff: say what came of it")
      .option("--list", "for the provider's staff: what waits for them, of all tenants")
      .option("--limit <number>", "how many of them", wholeNumber(1, 10_000), 50)
      .action(
        async (
          id: string | undefined,
          note: string | undefined,
          options: { answer?: string; list?: boolean; limit: number },
          self: Command,
        ) =>
          run(self, async ({ connect, ui, nowMs }) => {
            if (id === undefined && options.list !== true)
              throw usageError(sayWhich, "steward tasks escalate tsk_… [note]");
            const { call } = await connect();
            if (id === undefined || options.list === true) {
              const { items, more } = await listUpTo(options.limit, (query) => call("listEscalations", { query }));
              ui.data({ items, more });
              if (items.length === 0) return ui.say("Nobody waits for you.");
              for (const task of items) ui.say(askedText(task, nowMs()));
              if (more) ui.say(ui.paint.dim(`… and more: --limit ${options.limit * 2}`));
              return;
            }
            const task = await call("getTask", { params: { taskId: id } });
            const given = { params: { taskId: task.id }, idempotencyKey: crypto.randomUUID() };
            if (options.answer !== undefined) {
              await call("answerEscalation", {
                ...given,
                params: { tenantId: task.tenantId, taskId: task.id },
                body: { note: options.answer },
              });
              ui.data({ id: task.id, answered: true });
              ui.say("Answered. It stands at the task.");
              return;
            }
            const asked = await call("escalateTask", { ...given, body: note === undefined ? {} : { note } });
            ui.data(asked);
            ui.say(`Your provider is asked. The answer will stand here: steward tasks show ${asked.id}`);
          }),
      ),
    'steward tasks escalate tsk_… "the share should be for the whole team"',
    "steward tasks escalate --list",
    'steward --tenant ten_… tasks escalate tsk_… --answer "done by hand, please look"',
  );

  examples(
    tasks
      .command("feedback")
      .description("Say whether a task's plan or answer is what was meant: it makes the planner better.")
      .usage("<task> <right|wrong> [note] | --export <right|wrong>")
      .argument("[task]", "its id; not with --export")
      .addArgument(new Argument("[verdict]", "your opinion").choices([...verdicts]))
      .argument("[note]", "what is wrong with it")
      .addOption(
        new Option(
          "--export <verdict>",
          "of all tenants that you see, as JSON lines: what was right as requests of the benchmark; what was wrong, with what was made of it",
        ).choices([...verdicts]),
      )
      .action(
        async (
          id: string | undefined,
          verdict: Verdict | undefined,
          note: string | undefined,
          options: { export?: Verdict },
          self: Command,
        ) =>
          run(self, async ({ connect, ui }) => {
            if (options.export === undefined && (id === undefined || verdict === undefined)) {
              throw usageError(
                id === undefined ? sayWhich : "Say whether it is right or wrong",
                "steward tasks feedback tsk_… right",
              );
            }
            const { call, inTenant } = await connect();
            if (id === undefined || verdict === undefined || options.export !== undefined) {
              const linesOf = options.export === "right" ? rightLines : wrongOutcomes;
              const tenants = await listUpTo(10_000, (query) => call("listTenants", { query }));
              for (const tenant of tenants.items) {
                for await (const task of tasksOf(inTenant(tenant.id))) {
                  for (const line of linesOf(task)) await ui.stream(`${JSON.stringify(line)}\n`);
                }
              }
              return;
            }
            const task = await call("giveFeedback", {
              params: { taskId: id },
              body: { verdict, ...(note === undefined ? {} : { note }) },
              idempotencyKey: crypto.randomUUID(),
            });
            ui.data(task);
            ui.say("Thank you. It is kept for the planner's benchmark.");
          }),
      ),
    "steward tasks feedback tsk_… right",
    'steward tasks feedback tsk_… wrong "it was meant for the other share"',
    "steward tasks feedback --export right > right.jsonl",
  );
}

function askedText(task: TaskView, nowMs: number): string {
  const { escalation } = task;
  const note = escalation?.note === undefined ? "" : `  “${visible(escalation.note)}”`;
  const when = escalation === undefined ? "" : relative(escalation.at, nowMs);
  return `${task.id}  ${task.tenantId}  ${taskTitle(task)}  ${visible(escalation?.name ?? "")} ${when}${note}`;
}

function rightLines(task: TaskView): object[] {
  const request = rightRequest(task);
  return request === undefined ? [] : [request];
}

async function* tasksOf(call: Client): AsyncGenerator<TaskView> {
  for await (const { items } of pagesOf((query) => call("listTasks", { query }))) yield* items;
}
