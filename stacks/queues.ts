import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Queue, QueueEncryption, RedrivePermission } from "aws-cdk-lib/aws-sqs";
import {
  deadLetterRetentionSeconds,
  queueDefinitions,
  queueNames,
  resourceNames,
  workerQueuesLike,
} from "@steward/contracts/names";
import type { Construct } from "constructs";
import { publish } from "./publish.ts";
import type { StageProps } from "./stage-props.ts";

/**
 * Every queue of the code's catalogue, each with a dead-letter queue that takes from it alone. The queues of single
 * workers are not here: the code makes them as workers come. Theirs is one of these, which takes from all of the account,
 * since SQS knows ten sources by name and no prefix of names.
 */
export class QueuesStack extends Stack {
  constructor(scope: Construct, id: string, { stage, env }: StageProps) {
    super(scope, id, { env, description: `Steward ${stage}: the queues` });
    const names = resourceNames(stage);
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // A message is a pointer to a record, but a dead letter is the only trace of what went wrong.
      removalPolicy: RemovalPolicy.RETAIN,
    };
    for (const name of queueNames) {
      const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[name];
      const deadLetters = new Queue(this, `${name}-dlq`, {
        ...common,
        queueName: names.deadLetterQueue(name),
        retentionPeriod: Duration.seconds(deadLetterRetentionSeconds),
        redriveAllowPolicy:
          name === workerQueuesLike
            ? { redrivePermission: RedrivePermission.ALLOW_ALL }
            : {
                redrivePermission: RedrivePermission.BY_QUEUE,
                // By name, because each of the two refers to the other.
                sourceQueues: [
                  Queue.fromQueueArn(
                    this,
                    `${name}-source`,
                    this.formatArn({ service: "sqs", resource: names.queue(name) }),
                  ),
                ],
              },
      });
      const queue = new Queue(this, name, {
        ...common,
        queueName: names.queue(name),
        visibilityTimeout: Duration.seconds(visibilityTimeoutSeconds),
        deadLetterQueue: { queue: deadLetters, maxReceiveCount },
      });
      publish(this, stage, `queue-arn/${name}`, queue.queueArn);
      publish(this, stage, `dead-letter-queue-arn/${name}`, deadLetters.queueArn);
    }
  }
}
