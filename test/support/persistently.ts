import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "@steward/contracts/errors";

/**
 * Makes a call until it is answered, as a careful client does: what may succeed later is asked for again, with the pause
 * that was asked for or a short one. Throws what is final, and the last error when the time is over.
 */
export async function persistently<T>(call: () => Promise<T>, { untilMs }: { untilMs: number }): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof AppError && error.retryable) || Date.now() >= untilMs) throw error;
      await pause((error.retryAfterSeconds ?? 0) * 1000 + Math.min(500, 50 * failures));
    }
  }
}
