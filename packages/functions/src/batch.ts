import type { Log } from "@steward/control/context";
import { forRequest } from "@steward/control/request-scope";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { z } from "zod";

/** An error of `work` that comes again with every try: the message is given up. */
function isPermanent(error: unknown): boolean {
  return error instanceof Error && "retryable" in error && error.retryable === false;
}

/**
 * Works on every message of a batch, each on its own, and tells SQS which ones failed: they come again, and after too
 * many receives go to the dead-letter queue. The one place where errors become batch failures.
 *
 * A message without the right shape, and one whose work can never succeed, is logged and dropped: it is a pointer, the
 * record is the truth, and the reconciler finds what is still due. Any other fault leaves the message in the queue.
 */
export async function consume<Schema extends z.ZodType>(
  event: SQSEvent,
  options: {
    schema: Schema;
    log: Log;
    work: (message: z.output<Schema>) => Promise<unknown>;
    /** Messages that say the same: they are worked on once, and it counts for all of them. */
    sameAs?: (message: z.output<Schema>) => string;
  },
): Promise<SQSBatchResponse> {
  const { schema, log, sameAs } = options;
  const shared = new Map<string, Promise<unknown>>();
  const work = (message: z.output<Schema>): Promise<unknown> => {
    if (sameAs === undefined) return options.work(message);
    const name = sameAs(message);
    const under = shared.get(name) ?? options.work(message);
    shared.set(name, under);
    return under;
  };
  const failures = await Promise.all(
    event.Records.map(async ({ body, messageId, attributes }) => {
      const message = schema.safeParse(parseJson(body));
      if (!message.success) {
        log("error", "message_dropped", { messageId, reason: message.error.message });
        return [];
      }
      // A pointer says nothing of a request: whoever loads the record does.
      return forRequest(undefined, async () => {
        try {
          await work(message.data);
          return [];
        } catch (error) {
          const permanent = isPermanent(error);
          log(permanent ? "error" : "warn", permanent ? "message_dropped" : "message_failed", {
            messageId,
            receives: attributes.ApproximateReceiveCount,
            error: error instanceof Error ? (error.stack ?? error.message) : String(error),
          });
          return permanent ? [] : [{ itemIdentifier: messageId }];
        }
      });
    }),
  );
  return { batchItemFailures: failures.flat() };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
