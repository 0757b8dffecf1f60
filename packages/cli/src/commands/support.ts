import type { Client } from "@steward/contracts/client";
import { holdsSecret } from "@steward/contracts/redact";
import type { TaskView } from "@steward/contracts/task";
import type { Command } from "commander";
import { carryThrough } from "../carry-through.ts";
import type { Runner } from "../context.ts";
import { type ExitCode, usageError } from "../exit-codes.ts";
import { followAnswer } from "../follow-answer.ts";
import { exitCodeOfTask, interruptible } from "../follow-task.ts";
import { tellWaitBeside } from "../tell-wait.ts";
import { answerText, sourcesText } from "../text/answer.ts";
import { resultText } from "../text/task.ts";
import { visible } from "../text/visible.ts";
import type { Ui } from "../ui.ts";
import { collect, examples, targetsOf } from "./shared.ts";

export function addSupport(program: Command, run: Runner): void {
  const command = program
    .command("support")
    .summary("ask a question")
    .description(
      "Answers from the documentation, the catalogue and, with --on, an appliance's own facts, and says from where. Changes nothing.",
    )
    .argument("<words...>", "your question")
    .option("--on <appliance>", "whose own facts count: up to five; more than once or by comma", collect)
    .action(async (words: string[], options: { on?: string[] }, self: Command) =>
      run(self, async ({ connect, ui, nowMs }) => {
        const question = words.join(" ");
        if (holdsSecret(question)) {
          throw usageError("A password or another secret must not stand in a question", "Ask it without the secret.");
        }
        const targets = targetsOf(options.on);
        const { call } = await connect();
        const asked = await call("askSupport", {
          body: { question, ...(targets.length === 0 ? {} : { targets }) },
          idempotencyKey: crypto.randomUUID(),
        });
        const task = await interruptible(asked, (signal) => showAnswer(call, asked, ui, signal));
        return offerProposal(call, task, { ui, nowMs, targets });
      }),
    );
  examples(
    command,
    'steward support "how do I reach my files from Windows?"',
    'steward support "who has an account here?" --on acme-berlin-01',
    'steward support "what happens when the canary fails?" --json',
  );
}

async function showAnswer(call: Client, asked: TaskView, ui: Ui, signal: AbortSignal): Promise<TaskView> {
  const { task, printed } = await tellWaitBeside({ call, taskId: asked.id, ui, signal }, () =>
    followAnswer(call, asked, ui, signal),
  );
  const { answer, ...rest } = task;
  if (answer !== undefined)
    ui.say(printed ? `\n${sourcesText(answer, ui.paint)}\n` : `${answerText(answer, ui.paint)}\n`);
  ui.say(resultText(rest, ui.paint));
  ui.data(task);
  return task;
}

/** What was proposed becomes a task of its own, by the person who says so, and by nobody else. */
async function offerProposal(
  call: Client,
  task: TaskView,
  { ui, nowMs, targets }: { ui: Ui; nowMs: () => number; targets: string[] },
): Promise<ExitCode> {
  const instruction = task.answer?.proposal?.instruction;
  if (instruction === undefined || ui.json) return exitCodeOfTask(task);
  const said = visible(instruction);
  const where = targets.map(visible).join(", ");
  const yes =
    targets.length > 0 && ui.canAsk
      ? await ui.confirm(`Submit this, to see its plan: “${said}” on ${where}?`)
      : undefined;
  if (yes !== true) {
    ui.say(
      `To ask for it: steward ask "${said.replaceAll('"', '\\"')}" --on ${where === "" ? "<appliance>" : where.replaceAll(", ", ",")}`,
    );
    return exitCodeOfTask(task);
  }
  const submitted = await call("submitTask", {
    body: { instruction, targets },
    idempotencyKey: crypto.randomUUID(),
  });
  return carryThrough(call, submitted, ui, nowMs, {});
}
