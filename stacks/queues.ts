import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AccountPrincipal, PolicyDocument, Role } from "aws-cdk-lib/aws-iam";
import { Queue, QueueEncryption, RedrivePermission } from "aws-cdk-lib/aws-sqs";
import {
  deadLetterRetentionSeconds,
  queueDefinitions,
  queueNames,
  resourceNames,
  workerQueuesLike,
} from "@steward/contracts/names";
import { policyStatements } from "@steward/contracts/policy";
import { queueRole } from "@steward/contracts/queue-role";
import type { Construct } from "constructs";
import { explainWildcards, statementsOf } from "./explain.ts";
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
    this.lendQueues(stage, env);
  }

  /** What a worker on a host of somebody's own is lent: never more than this, and of it only its own queue. */
  private lendQueues(stage: string, env: StageProps["env"]): void {
    const place = { stage, partition: this.partition, region: env.region, account: env.account };
    const { conditions, description } = queueRole(place);
    const receives = policyStatements("worker", { ...place, secretArns: {} });
    const role = new Role(this, "QueueRole", {
      roleName: resourceNames(stage).queueRole,
      description,
      assumedBy: new AccountPrincipal(env.account).withConditions(conditions),
      inlinePolicies: { queues: new PolicyDocument({ statements: statementsOf(receives) }) },
    });
    explainWildcards(role, receives);
    publish(this, stage, "queue-role-arn", role.roleArn);
  }
}
