import type { NodeEvent } from "@steward/control/accept-heartbeat";
import type { Queues } from "@steward/aws/queues";
import { env } from "./env.ts";

let queues: Promise<Queues> | undefined;

/** Loaded at the first change of a level: nearly every heartbeat does without SQS. */
async function loadQueues(): Promise<Queues> {
  const [{ createSqs }, { createQueues }] = await Promise.all([
    import("@steward/aws/clients/sqs"),
    import("@steward/aws/queues"),
  ]);
  return createQueues({ sqs: createSqs(), stage: env().STEWARD_STAGE });
}

export async function sendNodeEvent(event: NodeEvent): Promise<void> {
  queues ??= loadQueues();
  await (await queues).send("node-events", event, { groupId: event.tenantId });
}
