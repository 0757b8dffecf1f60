import { redactText } from "@steward/contracts/redact";

/**
 * For a handler that ends by throwing: what it throws is written to the log by Lambda itself, past every redaction. (Doors
 * answer, and consumers of queues say which messages failed; neither throws.)
 */
export function redactErrors<Parameters extends unknown[], Result>(
  handler: (...given: Parameters) => Promise<Result>,
): (...given: Parameters) => Promise<Result> {
  return async (...given) => {
    try {
      return await handler(...given);
    } catch (error) {
      if (!(error instanceof Error)) throw new Error(redactText(String(error)));
      const clean = new Error(redactText(error.message));
      clean.name = error.name;
      // With the text of what caused it, which Lambda would write too.
      const cause = error.cause instanceof Error ? `\n  cause: ${error.cause.stack ?? error.cause.message}` : "";
      clean.stack = redactText(`${error.stack ?? error.message}${cause}`);
      throw clean;
    }
  };
}
