import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  paginateListQueues,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { queueDefinitions, resourceNames, workerQueue, workerQueuesLike } from "@steward/contracts/names";
import { createCache } from "./cache.ts";
import { awsFault, calling, isNamed } from "./faults.ts";

/** The queues of single workers, which come and go while the stage runs. */
export interface WorkerQueues {
  /** Whose queues there are. SQS may not yet tell of one that was made a moment ago. */
  list(): Promise<string[]>;
  /** Makes it unless it is there. Throws `unavailable` within the minute after one of that name was removed. */
  create(workerId: string): Promise<void>;
  /** With all that is in it. Again: nothing more happens. */
  remove(workerId: string): Promise<void>;
}

const gone = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];

export function createWorkerQueues({ sqs, stage }: { sqs: SQSClient; stage: string }): WorkerQueues {
  const names = resourceNames(stage);
  // Names of accounts and partitions are AWS's to know: the ARN is asked for, once.
  const deadLetterArns = createCache<string>(Number.POSITIVE_INFINITY);
  const deadLetterArn = () => deadLetterArns.get("arn", () => findArn(sqs, names.deadLetterQueue(workerQueuesLike)));
  const prefix = names.queue(workerQueue("*")).replace(/\*$/, "");

  return {
    async list() {
      const workers: string[] = [];
      await calling("list the workers' queues", async () => {
        for await (const page of paginateListQueues({ client: sqs, pageSize: 1000 }, { QueueNamePrefix: prefix })) {
          for (const url of page.QueueUrls ?? [])
            workers.push(`wrk_${url.slice(url.lastIndexOf(prefix) + prefix.length)}`);
        }
      });
      return workers;
    },

    async create(workerId) {
      const deadLetterTargetArn = await deadLetterArn();
      const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[workerQueuesLike];
      const name = names.queue(workerQueue(workerId));
      try {
        await sqs.send(
          new CreateQueueCommand({
            QueueName: name,
            Attributes: {
              VisibilityTimeout: String(visibilityTimeoutSeconds),
              RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }),
              SqsManagedSseEnabled: "true",
              Policy: overTlsOnly(deadLetterTargetArn.replace(/[^:]*$/, name)),
            },
          }),
        );
      } catch (error) {
        // There already, with what another version gave it.
        if (!isNamed(error, "QueueNameExists", "QueueAlreadyExists")) throw awsFault(error, "make a worker's queue");
      }
    },

    async remove(workerId) {
      try {
        const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.queue(workerQueue(workerId)) }));
        await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      } catch (error) {
        if (!isNamed(error, ...gone)) throw awsFault(error, "remove a worker's queue");
      }
    },
  };
}

/** As the stage's other queues have it. */
function overTlsOnly(arn: string): string {
  const Condition = { Bool: { "aws:SecureTransport": "false" } };
  const Statement = [{ Effect: "Deny", Principal: { AWS: "*" }, Action: "sqs:*", Resource: arn, Condition }];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

async function findArn(sqs: SQSClient, name: string): Promise<string> {
  return calling(`find the queue ${name}`, async () => {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: name }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
    if (Attributes?.["QueueArn"] === undefined) throw new Error(`the queue ${name} has no ARN`);
    return Attributes["QueueArn"];
  });
}
