import type { ActionKind } from "@steward/contracts/actions";
import type { Client } from "@steward/contracts/client";
import { taskHasEnded } from "@steward/contracts/states";
import type { Question, TaskView } from "@steward/contracts/task";
import { hashCoversPlan } from "@steward/contracts/verify-plan";
import { CliError, type ExitCode, exitCodes } from "./exit-codes.ts";
import { exitCodeOfTask, followTask, interruptible, waitWhile } from "./follow-task.ts";
import { showPreview } from "./preview-task.ts";
import { tellWaitBeside } from "./tell-wait.ts";
import { resultsText } from "./text/results.ts";
import { wavesText } from "./text/waves.ts";
import { planText, resultText } from "./text/task.ts";
import { visible } from "./text/visible.ts";
import type { Ui } from "./ui.ts";

export interface CarryOptions {
  /** Says yes to the plan where the gate leaves it to this person. */
  yes?: boolean;
  /** The name that the gate wants retyped. */
  confirm?: string;
  /** Shows what would change before it asks for the yes. */
  preview?: boolean;
  /** Why this person goes past what may be passed over. */
  breakGlass?: string;
  /** Ends when the plan is shown. */
  planOnly?: boolean;
  output?: "all" | "some";
  /** This person came to approve: whether they are the other one that the gate wants is the API's to say. */
  approving?: boolean;
}

/**
 * Takes a task as far as it can go: waits for the plan, asks its questions, shows the plan, asks for the yes, follows
 * the run to its end. Returns the task as it is then; with `--json` prints it.
 */
export function carryThrough(
  call: Client,
  submitted: TaskView,
  ui: Ui,
  nowMs: () => number,
  options: CarryOptions,
): Promise<ExitCode> {
  return interruptible(submitted, (signal) => carry(call, submitted, ui, { ...options, nowMs, signal }));
}

async function carry(
  call: Client,
  submitted: TaskView,
  ui: Ui,
  options: CarryOptions & { nowMs: () => number; signal: AbortSignal },
): Promise<ExitCode> {
  const { nowMs, signal } = options;
  let task = submitted;
  let planShown = false;
  let previewShown = false;
  const showPlan = async (): Promise<void> => {
    if (planShown || task.plan === undefined) return;
    planShown = true;
    ui.say(planText(task, { paint: ui.paint, nowMs: nowMs(), kinds: await actionKindsOf(call, ui) }));
    ui.say();
  };
  for (;;) {
    const begun = task;
    task = await tellWaitBeside({ call, taskId: task.id, ui, signal }, () =>
      waitWhile(call, begun, ui, {
        statuses: ["queued", "thinking"],
        text: "Understanding what you ask for …",
        signal,
      }),
    );
    if (task.status === "needs_input") {
      const answered = await answerQuestion(call, task, ui);
      if (answered === undefined) return end(ui, task, exitCodes.waiting);
      task = answered;
      continue;
    }
    await showPlan();
    if (task.status === "awaiting_approval") {
      if (options.preview === true && !previewShown) {
        previewShown = true;
        await showPreview(call, task, ui, { nowMs, signal });
        // The approval may depend on it; and somebody may have decided meanwhile.
        task = await call("getTask", { params: { taskId: task.id } });
        continue;
      }
      if (options.planOnly === true) {
        ui.say(`Nothing runs until it is approved: steward tasks approve ${task.id}`);
        return end(ui, task, exitCodes.ok);
      }
      const decided = await decide(call, task, ui, options);
      if ("exit" in decided) return end(ui, decided.task, decided.exit);
      task = decided.task;
      continue;
    }
    if (taskHasEnded(task.status) && (task.runs ?? []).length === 0) {
      ui.say(resultText(task, ui.paint));
      return end(ui, task, exitCodeOfTask(task));
    }
    return followToEnd(call, task, ui, options);
  }
}

/** Follows what runs to its end, or to where somebody's word is needed, and tells how it ended. */
export async function followToEnd(
  call: Client,
  task: TaskView,
  ui: Ui,
  options: { output?: "all" | "some"; nowMs: () => number; signal: AbortSignal },
): Promise<ExitCode> {
  const { nowMs, signal } = options;
  const followed = await followTask(call, task, ui, { output: options.output ?? "some", untilPaused: true, signal });
  const waves = wavesText(followed.task, ui.paint);
  ui.say(waves === "" ? "" : `\n${waves}\n`);
  if (!taskHasEnded(followed.task.status)) return end(ui, followed.task, exitCodes.waiting);
  await sayResults(call, followed.task, ui);
  ui.say(resultText(followed.task, ui.paint, nowMs()));
  return end(ui, followed.task, followed.outputTrusted ? exitCodeOfTask(followed.task) : exitCodes.failed);
}

/** What several appliances found, equal answers together. A single one's stands in its output. */
export async function sayResults(call: Client, task: TaskView, ui: Ui): Promise<void> {
  const found = (task.runs ?? []).some((run) => run.steps.some((step) => step.result !== undefined));
  if (ui.json || !found || task.targets.length < 2) return;
  ui.say(resultsText(await call("getResults", { params: { taskId: task.id } }), ui.paint));
  ui.say();
}

/** Kinds of all actions, to say whether something only reads. Without them the plan is still right, only less kind. */
export async function actionKindsOf(call: Client, ui: Ui): Promise<ReadonlyMap<string, ActionKind>> {
  if (ui.json) return new Map();
  try {
    const { items } = await call("listActions", {});
    return new Map(items.map((action) => [action.id, action.kind]));
  } catch {
    return new Map();
  }
}

function end(ui: Ui, task: TaskView, code: ExitCode): ExitCode {
  ui.data(task);
  return code;
}

async function answerQuestion(call: Client, task: TaskView, ui: Ui): Promise<TaskView | undefined> {
  const { question } = task;
  if (question === undefined) return undefined;
  ui.say(`${ui.paint.yellow("?")} ${ui.paint.bold(visible(question.text))}`);
  for (const [index, choice] of question.choices.entries())
    ui.say(`  ${ui.paint.dim(`${index + 1})`)} ${visible(choice)}`);
  const answer = ui.canAsk ? await askChoice(question, ui) : undefined;
  if (answer === undefined) {
    ui.say(`It waits for your answer: steward tasks answer ${task.id} <answer>`);
    return undefined;
  }
  return call("answerTask", { params: { taskId: task.id }, body: { answer }, idempotencyKey: crypto.randomUUID() });
}

/** The text, or the number of a choice. A number that is itself a choice is taken as that choice. */
async function askChoice(question: Question, ui: Ui): Promise<string | undefined> {
  const { choices } = question;
  for (;;) {
    const typed = (await ui.question(choices.length === 0 ? "> " : "> number or text: "))?.trim();
    if (typed === undefined) return undefined;
    if (typed === "") continue;
    if (choices.includes(typed)) return typed;
    return (/^\d{1,3}$/.test(typed) ? choices[Number(typed) - 1] : undefined) ?? typed;
  }
}

type Decided = { task: TaskView } | { task: TaskView; exit: ExitCode };

/** Asks for the yes that the gate wants, and gives it for exactly the plan that was shown. */
export async function decide(call: Client, task: TaskView, ui: Ui, options: CarryOptions): Promise<Decided> {
  const { plan, gate } = task;
  if (plan === undefined) throw new CliError(exitCodes.failed, "There is no plan to decide on");
  if (!hashCoversPlan(task)) {
    throw new CliError(
      exitCodes.failed,
      "The plan's hash does not cover the plan that is shown, so it was not approved",
      {
        next: `Ask again; if that does not help, tell your provider about ${task.id}.`,
      },
    );
  }
  if (options.breakGlass !== undefined) return breakGlass(call, task, ui, { ...options, reason: options.breakGlass });
  if (gate?.approver === "break_glass") {
    for (const reason of gate.reasons) {
      if (reason.rule === "blast" && reason.decision !== "allow") ui.say(ui.paint.red(visible(reason.why)));
    }
    ui.say(`It can be asked for in smaller parts; or an approver takes it on alone:`);
    ui.say(`  steward tasks approve ${task.id} --break-glass "why"`);
    return { task, exit: exitCodes.waiting };
  }
  if (gate?.approver === "other" && options.approving !== true) {
    ui.say(ui.paint.yellow("Another person with the role approver must say yes; they can do it with:"));
    ui.say(`  steward tasks approve ${task.id}`);
    ui.say(`Watch it meanwhile with: steward tasks watch ${task.id}`);
    return { task, exit: exitCodes.waiting };
  }
  const retype = gate?.approver === "retype" ? (gate.retype ?? "") : undefined;
  const confirmation = retype === undefined ? undefined : await retyped(retype, task, ui, options);
  const said =
    retype === undefined
      ? await yesNo(plan.mode === "check", ui, options)
      : confirmation === undefined
        ? "open"
        : "yes";
  if (said === "open") {
    ui.say(`It waits for your yes: steward tasks approve ${task.id}`);
    return { task, exit: exitCodes.waiting };
  }
  if (said === "no") {
    const rejected = await call("rejectTask", {
      params: { taskId: task.id },
      body: { reason: "declined when the plan was shown" },
      idempotencyKey: crypto.randomUUID(),
    });
    ui.say("Not approved. Nothing was changed.");
    return { task: rejected, exit: exitCodes.failed };
  }
  const approved = await call("approveTask", {
    params: { taskId: task.id },
    body: {
      planHash: plan.planHash,
      ...(confirmation === undefined ? {} : { confirmation }),
      ...(task.recipient === undefined ? {} : { recipient: task.recipient }),
    },
    idempotencyKey: crypto.randomUUID(),
  });
  ui.say(`${ui.paint.green("✔")} Approved`);
  return { task: approved };
}

/** An approver's yes, alone, past what may be passed over. It is never given without somebody reading what it is. */
async function breakGlass(
  call: Client,
  task: TaskView,
  ui: Ui,
  options: CarryOptions & { reason: string },
): Promise<Decided> {
  const { plan } = task;
  if (plan === undefined) throw new CliError(exitCodes.failed, "There is no plan to decide on");
  ui.say(
    ui.paint.bold(ui.paint.red("You break the glass: this runs on your word alone. It is kept, and others are told.")),
  );
  const said = await yesNo(false, ui, options);
  if (said !== "yes") {
    ui.say("Nothing was decided.");
    return { task, exit: exitCodes.waiting };
  }
  const broken = await call("breakGlass", {
    params: { taskId: task.id },
    body: {
      planHash: plan.planHash,
      reason: options.reason,
      ...(task.recipient === undefined ? {} : { recipient: task.recipient }),
    },
    idempotencyKey: crypto.randomUUID(),
  });
  ui.say(`${ui.paint.green("✔")} Approved past the rules`);
  return { task: broken };
}

async function yesNo(check: boolean, ui: Ui, options: CarryOptions): Promise<"yes" | "no" | "open"> {
  if (options.yes === true) return "yes";
  if (!ui.canAsk) return "open";
  const isYes = await ui.confirm(ui.paint.bold(check ? "Run this check?" : "Do this?"));
  if (isYes === undefined) return "open";
  return isYes ? "yes" : "no";
}

/** `--yes` alone is not enough here: the point is that somebody reads the name. */
async function retyped(expected: string, task: TaskView, ui: Ui, options: CarryOptions): Promise<string | undefined> {
  if (options.confirm !== undefined) {
    if (options.confirm === expected) return expected;
    throw new CliError(exitCodes.usage, `--confirm says ${options.confirm}, the plan asks for ${expected}`);
  }
  if (!ui.canAsk) {
    ui.hint(
      `This plan wants its target's name retyped: steward tasks approve ${task.id} --confirm ${visible(expected)}`,
    );
    return undefined;
  }
  for (;;) {
    const typed = await ui.question(`Retype ${ui.paint.bold(visible(expected))} to go on (empty: leave it): `);
    if (typed === undefined || typed.trim() === "") return undefined;
    if (typed.trim() === expected) return expected;
    ui.hint("That is not the name.");
  }
}
