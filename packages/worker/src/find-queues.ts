import { GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { type Lane, laneQueue, lanes, resourceNames, workerQueue } from "@steward/contracts/names";

export interface QueueUrls extends Record<Lane, string> {
  /** Absent where there is none: a control plane from before there were such queues, or one that is about to make it. */
  own?: string;
}

/** The addresses of the lanes. Throws where one is not there: this is not a stage, or not this worker's. */
export async function findLanes(sqs: SQSClient, stage: string): Promise<Record<Lane, string>> {
  const names = resourceNames(stage);
  const found = await Promise.all(lanes.map(async (lane) => [lane, await urlOf(sqs, names.queue(laneQueue(lane)))]));
  return Object.fromEntries(found) as Record<Lane, string>;
}

/** The worker's own queue, or nothing: whatever keeps it from being found, the lanes do not wait for it. */
export async function findOwnQueue(sqs: SQSClient, stage: string, workerId: string): Promise<string | undefined> {
  return urlOf(sqs, resourceNames(stage).queue(workerQueue(workerId))).catch(() => undefined);
}

/** Whether a call failed because its queue is not there (any more). */
export function isGone(error: unknown): boolean {
  return (
    error instanceof Error && ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"].includes(error.name)
  );
}

async function urlOf(sqs: SQSClient, name: string): Promise<string> {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
  if (QueueUrl === undefined) throw new Error(`the queue ${name} has no URL`);
  return QueueUrl;
}
