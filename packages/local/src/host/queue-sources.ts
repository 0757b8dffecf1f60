import { localAccount } from "../account.ts";
import { setTimeout as pause } from "node:timers/promises";
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { SQSEvent } from "aws-lambda";
import { z } from "zod";
import type { Lambda, Outcome } from "./lambda.ts";

export interface QueueSourceOptions {
  lambda: Lambda;
  /** With the function's own credentials: what it may not receive, it does not get. */
  sqs: SQSClient;
  queueName: string;
  batchSize: number;
  /** Batches at one time. */
  concurrency: number;
  /** Seconds that received messages stay hidden; the queue's own value by default. */
  visibilitySeconds?: number;
  log: (message: string) => void;
}

/** Shorter than the SDK client's own request timeout: a poll that it gave up could hide a message. */
const pollSeconds = 5;
const responseSchema = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string() })).optional() })
  .nullish();

/**
 * An event source mapping with partial batch responses: polls the queue, invokes the function, deletes what succeeded.
 * What failed is shown again after a pause that grows with its receives (AWS waits for the whole visibility timeout).
 */
export async function runQueueSource(options: QueueSourceOptions, signal: AbortSignal): Promise<void> {
  const { log, queueName, sqs } = options;
  const running = new Set<Promise<void>>();
  let url: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    if (running.size >= options.concurrency) {
      await Promise.race(running);
      continue;
    }
    try {
      url ??= (await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }))).QueueUrl;
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: options.batchSize,
          WaitTimeSeconds: pollSeconds,
          MessageSystemAttributeNames: ["All"],
          ...(options.visibilitySeconds === undefined ? {} : { VisibilityTimeout: options.visibilitySeconds }),
        }),
      );
      if (failures > 0) log(`${queueName}: polling again`);
      failures = 0;
      if (messages.length === 0 || url === undefined) continue;
      const queueUrl = url;
      const batch = workOn(options, queueUrl, messages)
        .catch((error: unknown) => log(`${queueName}: ${String(error)}`))
        .finally(() => running.delete(batch));
      running.add(batch);
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      // Once per outage: the cloud may be restarting.
      if (failures === 1) log(`${queueName}: cannot poll (${String(error)}); trying again`);
      await pause(Math.min(2_000, 50 * 2 ** failures), undefined, { signal }).catch(() => undefined);
    }
  }
  await Promise.all(running);
}

async function workOn(options: QueueSourceOptions, queueUrl: string, messages: Message[]): Promise<void> {
  const outcome = await options.lambda.invoke(sqsEvent(options.queueName, messages));
  await settleBatch(options.sqs, queueUrl, messages, failedIn(outcome, messages));
}

/** Deletes what succeeded, and shows again what failed. */
export async function settleBatch(
  sqs: SQSClient,
  queueUrl: string,
  messages: readonly Message[],
  failed: ReadonlySet<string>,
): Promise<void> {
  const done = messages.filter(({ MessageId }) => !failed.has(MessageId ?? ""));
  const again = messages.filter(({ MessageId }) => failed.has(MessageId ?? ""));
  if (done.length > 0) {
    await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: done.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle })),
      }),
    );
  }
  if (again.length > 0) {
    await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: again.map((message) => ({
          Id: message.MessageId,
          ReceiptHandle: message.ReceiptHandle,
          VisibilityTimeout: pauseSeconds(message),
        })),
      }),
    );
  }
}

function pauseSeconds(message: Message): number {
  const receives = Number(message.Attributes?.ApproximateReceiveCount ?? "1");
  return Math.min(60, 2 ** Math.min(receives - 1, 6));
}

/**
 * What the function says failed. One that gave no answer, an answer of another shape, or one that names an unknown message
 * fails all: never lose one.
 */
export function failedIn(outcome: Outcome, messages: readonly Message[]): Set<string> {
  const all = new Set(messages.map(({ MessageId }) => MessageId ?? ""));
  if (outcome.kind !== "result") return all;
  const parsed = responseSchema.safeParse(outcome.result);
  if (!parsed.success) return all;
  const failed = new Set((parsed.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier));
  return [...failed].every((id) => all.has(id)) ? failed : all;
}

export function sqsEvent(queueName: string, messages: readonly Message[]): SQSEvent {
  return {
    Records: messages.map((message) => ({
      messageId: message.MessageId ?? "",
      receiptHandle: message.ReceiptHandle ?? "",
      body: message.Body ?? "",
      attributes: {
        ApproximateReceiveCount: "1",
        SentTimestamp: "0",
        SenderId: "",
        ApproximateFirstReceiveTimestamp: "0",
        ...message.Attributes,
      },
      messageAttributes: {},
      md5OfBody: message.MD5OfBody ?? "",
      eventSource: "aws:sqs",
      eventSourceARN: `arn:aws:sqs:local:${localAccount}:${queueName}`,
      awsRegion: "local",
    })),
  };
}
