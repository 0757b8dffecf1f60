import { AppError, hasCode } from "@steward/contracts/errors";

const tries = 12;

/**
 * Runs load → decide → store again when somebody changed the record in between. The decision is made anew each time,
 * so it never acts on what it did not see. Gives up with `conflict`, which the caller may retry. A conflict that is not
 * retryable (a taken name) was decided, not met: it goes to the caller as it is.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!hasCode(error, "conflict") || (error instanceof AppError && !error.retryable)) throw error;
      if (count >= tries) throw new AppError("conflict", "too many changes at once; try again", { cause: error });
    }
  }
}
