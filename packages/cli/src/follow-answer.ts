import type { Client } from "@steward/contracts/client";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { nextVersion } from "./follow-task.ts";
import { visibleLines } from "./text/visible.ts";
import type { Ui } from "./ui.ts";

/**
 * Prints an answer as a model writes it, and what is still to be printed of it at its end. Nobody has checked the words
 * that come early: where another answer comes out, that is said, and what comes out is printed whole.
 */
export async function followAnswer(
  call: Client,
  asked: TaskView,
  ui: Ui,
  signal: AbortSignal,
): Promise<{ task: TaskView; printed: boolean }> {
  let task = asked;
  let attempt: number | undefined;
  let shown = "";
  const done = ui.progress("Looking for an answer …");
  try {
    while (!taskHasEnded(task.status)) {
      task = await nextVersion(call, task, ui, signal, shown.length);
      const { growing } = task;
      if (growing === undefined || growing.text === "") continue;
      if (attempt !== undefined && growing.attempt !== attempt) {
        await print(ui, "\n");
        ui.hint(ui.paint.dim("That came to nothing; it is tried again."));
        shown = "";
      }
      const isNext = growing.attempt !== attempt ? growing.offset === 0 : growing.offset === shown.length;
      attempt = growing.attempt;
      if (!isNext) continue;
      done();
      shown += growing.text;
      await print(ui, growing.text);
    }
  } finally {
    done();
  }
  const text = task.answer?.source === "model" ? task.answer.text : undefined;
  if (shown === "") return { task, printed: false };
  const begun = shown.trimStart();
  if (text?.startsWith(begun.trimEnd()) === true) {
    await print(ui, `${text.slice(begun.length)}\n`);
    return { task, printed: true };
  }
  await print(ui, "\n");
  // Why it did not come out is told by what did: a later tier answered, its sources do not hold it, its time was over.
  ui.hint(ui.paint.yellow("What was written so far is not the answer. Forget it."));
  return { task, printed: false };
}

async function print(ui: Ui, text: string): Promise<void> {
  if (!ui.json) await ui.stream(visibleLines(text));
}
