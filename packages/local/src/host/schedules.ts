import { setTimeout as pause } from "node:timers/promises";
import type { Lambda } from "./lambda.ts";

/** Invokes a function at a rate, first after one interval, and never twice at a time: a slow one is asked again when it is done. */
export async function runSchedule(lambda: Lambda, everyMs: number, signal: AbortSignal): Promise<void> {
  let nextMs = Date.now() + everyMs;
  while (!signal.aborted) {
    try {
      await pause(Math.max(0, nextMs - Date.now()), undefined, { signal });
    } catch {
      return;
    }
    nextMs = Date.now() + everyMs;
    await lambda.invoke({
      source: "aws.scheduler",
      "detail-type": "Scheduled Event",
      time: new Date().toISOString(),
      detail: {},
    });
  }
}
