import { setTimeout as pause } from "node:timers/promises";
import type { Lambda } from "./lambda.ts";

/** Invokes a function at a rate, never twice at a time: a slow one is started again when it is done and due. */
export async function runSchedule(lambda: Lambda, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const startedMs = Date.now();
    await lambda.invoke({
      source: "aws.scheduler",
      "detail-type": "Scheduled Event",
      time: new Date(startedMs).toISOString(),
      detail: {},
    });
    try {
      await pause(Math.max(0, startedMs + everyMs - Date.now()), undefined, { signal });
    } catch {
      return;
    }
  }
}
