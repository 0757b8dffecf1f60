import type { QueueName, WorkerQueueName } from "@steward/contracts/names";
import type { Context } from "./context.ts";

/**
 * Sends what a stored change calls for. A failure is not the caller's: the change is accepted, and the reconciler sends
 * again what may be lost (invariant 2). Answers whether the message is known to be out.
 */
export async function sendAfterCommit(
  deps: Pick<Context, "queues" | "log">,
  queue: QueueName | WorkerQueueName,
  body: object,
  tenantId: string,
  options: { delaySeconds?: number } = {},
): Promise<boolean> {
  try {
    await deps.queues.send(queue, body, { groupId: tenantId, ...options });
    return true;
  } catch (error) {
    deps.log("warn", "send_failed", { queue, tenantId, error: String(error) });
    return false;
  }
}
