import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { queueDefinitions, type QueueName, resourceNames } from "@steward/contracts/names";
import { createCache } from "./cache.ts";
import { calling } from "./faults.ts";

/** A message as it lies in a dead-letter queue, hidden from others for a while by whoever has received it. */
export interface ReceivedLetter {
  messageId: string;
  receipt: string;
  body: string;
  sentAtMs: number;
  /** How often it was received in its own queue. */
  receives: number;
}

/*
 * SQS has no way to look at messages: one that is read is hidden from everybody else until its time is over or whoever
 * read it says so. What is read here is shown again at once, and by itself after `hideSeconds` where its reader died.
 */
export interface DeadLetterQueues {
  /** Up to `most`; `complete`: the queue had no more to give. */
  receive(
    queue: QueueName,
    options: { most: number; hideSeconds: number },
  ): Promise<{ letters: ReceivedLetter[]; complete: boolean }>;
  /** For others to receive. What fails shows itself a little later. */
  showAgain(queue: QueueName, letters: readonly ReceivedLetter[]): Promise<void>;
  /** Again: nothing more happens. */
  remove(queue: QueueName, letter: ReceivedLetter): Promise<void>;
  /** Approximate, and a moment old; with those that somebody has received. */
  count(queue: QueueName): Promise<number>;
}

/** SQS gives ten at a time. */
const batchSize = 10;

export function createDeadLetterQueues({
  sqs,
  stage,
  waitSeconds = 1,
}: {
  sqs: SQSClient;
  stage: string;
  /**
   * A queue that is asked without waiting asks some of its servers only, and may answer nothing although there is
   * something. Where a queue has one server, 0 will do.
   */
  waitSeconds?: number;
}): DeadLetterQueues {
  const names = resourceNames(stage);
  const urls = createCache<string>(Number.POSITIVE_INFINITY);
  const urlOf = (queue: QueueName) =>
    urls.get(queue, () =>
      calling("find a dead-letter queue", async () => {
        const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.deadLetterQueue(queue) }));
        return QueueUrl ?? "";
      }),
    );

  return {
    async receive(queue, { most, hideSeconds }) {
      const QueueUrl = await urlOf(queue);
      const letters: ReceivedLetter[] = [];
      while (letters.length < most) {
        const { Messages = [] } = await calling("read dead letters", () =>
          sqs.send(
            new ReceiveMessageCommand({
              QueueUrl,
              MaxNumberOfMessages: Math.min(batchSize, most - letters.length),
              VisibilityTimeout: hideSeconds,
              WaitTimeSeconds: waitSeconds,
              MessageSystemAttributeNames: ["SentTimestamp", "ApproximateReceiveCount"],
            }),
          ),
        );
        if (Messages.length === 0) return { letters, complete: true };
        letters.push(...Messages.map((message) => letterOf(queue, message)));
      }
      return { letters, complete: false };
    },

    async showAgain(queue, letters) {
      const QueueUrl = await urlOf(queue);
      for (let start = 0; start < letters.length; start += batchSize) {
        await calling("show dead letters again", () =>
          sqs.send(
            new ChangeMessageVisibilityBatchCommand({
              QueueUrl,
              Entries: letters.slice(start, start + batchSize).map(({ receipt }, index) => ({
                Id: String(index),
                ReceiptHandle: receipt,
                VisibilityTimeout: 0,
              })),
            }),
          ),
        );
      }
    },

    async remove(queue, { receipt }) {
      const QueueUrl = await urlOf(queue);
      await calling("delete a dead letter", () =>
        sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })),
      );
    },

    async count(queue) {
      const QueueUrl = await urlOf(queue);
      const { Attributes = {} } = await calling("count dead letters", () =>
        sqs.send(
          new GetQueueAttributesCommand({
            QueueUrl,
            AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
          }),
        ),
      );
      return (
        Number(Attributes["ApproximateNumberOfMessages"] ?? 0) +
        Number(Attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0)
      );
    },
  };
}

function letterOf(
  queue: QueueName,
  { MessageId = "", ReceiptHandle = "", Body = "", Attributes = {} }: Message,
): ReceivedLetter {
  return {
    messageId: MessageId,
    receipt: ReceiptHandle,
    body: Body,
    sentAtMs: Number(Attributes.SentTimestamp ?? 0),
    // SQS goes on counting here: a look at a dead letter is no try to work on it.
    receives: Math.min(Number(Attributes.ApproximateReceiveCount ?? 0), queueDefinitions[queue].maxReceiveCount),
  };
}
