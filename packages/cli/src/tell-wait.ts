import { setTimeout as delay } from "node:timers/promises";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { ownWaitText } from "./text/queues.ts";
import type { Ui } from "./ui.ts";

const afterMs = 4_000;

/** Ends with `signal`. Whoever cannot be told waits as well without it. */
async function tellWait(call: Client, taskId: string, ui: Ui, signal: AbortSignal): Promise<void> {
  try {
    await delay(afterMs, undefined, { signal });
    const text = ownWaitText(await call("queueStatus", { signal }), taskId);
    if (text !== undefined && !signal.aborted) ui.hint(ui.paint.dim(text));
  } catch (error) {
    if (!signal.aborted && !(error instanceof AppError)) throw error;
  }
}

/** Says once, beside the waiting, why a model has not begun, where that takes more than a moment. */
export async function tellWaitBeside<T>(
  { call, taskId, ui, signal }: { call: Client; taskId: string; ui: Ui; signal: AbortSignal },
  waiting: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const told = tellWait(call, taskId, ui, AbortSignal.any([signal, over.signal]));
  // It is awaited below; until then a failure must not count as unhandled.
  told.catch(() => {});
  try {
    return await waiting();
  } finally {
    over.abort();
    await told;
  }
}
