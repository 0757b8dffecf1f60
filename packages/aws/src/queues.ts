import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { AppError } from "@steward/contracts/errors";
import { type QueueName, resourceNames, type WorkerQueueName } from "@steward/contracts/names";
import { createCache } from "./cache.ts";
import { awsFault, backOff, calling, isNamed } from "./faults.ts";

export interface SendOptions {
  /** Whose message it is: SQS keeps the queue fair between groups. The tenant's id. */
  groupId?: string;
  /** Seconds (0 to 900) before anybody may receive it. */
  delaySeconds?: number;
}
export interface BatchMessage extends SendOptions {
  body: object;
}
/** Messages as SQS counts them: approximate, and a moment old. */
export interface QueueCounts {
  visible: number;
  inFlight: number;
  deadLetters: number;
}

/** Sending to the stage's queues. Resolved: SQS holds the message. Rejected: it may hold it all the same (a lost reply). */
export interface Queues {
  send(queue: QueueName | WorkerQueueName, body: object, options?: SendOptions): Promise<void>;
  /** All of them, in requests of ten. Rejected: some of them may have been taken. */
  sendBatch(queue: QueueName, messages: readonly BatchMessage[]): Promise<void>;
  counts(queue: QueueName): Promise<QueueCounts>;
}

const batchSize = 10;
const batchAttempts = 5;

export function createQueues({ sqs, stage }: { sqs: SQSClient; stage: string }): Queues {
  const names = resourceNames(stage);
  // A queue's address never changes while the queue lives.
  const urls = createCache<string>(Number.POSITIVE_INFINITY);
  const urlOf = (name: string) => urls.get(name, () => findQueue(sqs, name));

  return {
    async send(queue, body, options = {}) {
      const QueueUrl = await urlOf(names.queue(queue));
      await calling(`send to the queue ${queue}`, () =>
        sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(body), ...parameters(options) })),
      );
    },

    async sendBatch(queue, messages) {
      const QueueUrl = await urlOf(names.queue(queue));
      for (let start = 0; start < messages.length; start += batchSize) {
        await sendTen(sqs, queue, QueueUrl, messages.slice(start, start + batchSize));
      }
    },

    async counts(queue) {
      const [main, dead] = await Promise.all([
        countsOf(sqs, await urlOf(names.queue(queue))),
        countsOf(sqs, await urlOf(names.deadLetterQueue(queue))),
      ]);
      return { visible: main.visible, inFlight: main.inFlight, deadLetters: dead.visible + dead.inFlight };
    },
  };
}

async function findQueue(sqs: SQSClient, name: string): Promise<string> {
  try {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
    if (QueueUrl !== undefined) return QueueUrl;
  } catch (error) {
    if (!isNamed(error, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue")) {
      throw awsFault(error, `find the queue ${name}`);
    }
  }
  throw new AppError("internal", `there is no queue ${name}`, {
    next: "Deploy this stage's stacks, or start the local cloud.",
    retryable: false,
  });
}

function parameters({ groupId, delaySeconds }: SendOptions) {
  return {
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
  };
}

/** A batch that is answered with 200 may still have lost some of its messages: those are sent again. */
async function sendTen(
  sqs: SQSClient,
  queue: QueueName,
  QueueUrl: string,
  ten: readonly BatchMessage[],
): Promise<void> {
  let left = ten.map(({ body, ...options }, index) => ({
    Id: String(index),
    MessageBody: JSON.stringify(body),
    ...parameters(options),
  }));
  for (let attempt = 0; left.length > 0; attempt++) {
    if (attempt > 0) await backOff(attempt);
    const Entries = left;
    const { Failed = [] } = await calling(`send to the queue ${queue}`, () =>
      sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })),
    );
    const [refused] = Failed.filter((one) => one.SenderFault === true);
    if (refused !== undefined) {
      throw new AppError("internal", `SQS refused a message for ${queue} (${refused.Code})`, { retryable: false });
    }
    if (Failed.length > 0 && attempt + 1 >= batchAttempts) {
      throw new AppError("unavailable", `SQS did not take ${Failed.length} messages for ${queue} (${Failed[0]?.Code})`);
    }
    const failed = new Set(Failed.map((one) => one.Id));
    left = left.filter((entry) => failed.has(entry.Id));
  }
}

async function countsOf(sqs: SQSClient, QueueUrl: string): Promise<{ visible: number; inFlight: number }> {
  const { Attributes = {} } = await calling("count a queue's messages", () =>
    sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
      }),
    ),
  );
  return {
    visible: Number(Attributes["ApproximateNumberOfMessages"] ?? 0),
    inFlight: Number(Attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0),
  };
}
