import { AssumeRoleCommand, type STSClient } from "@aws-sdk/client-sts";
import { queueSessionPolicy } from "@steward/contracts/queue-role";
import { calling } from "./faults.ts";

/** Keys that end by themselves. */
export interface LentKeys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiresInSeconds: number;
  region: string;
}

export interface QueueLender {
  lend(request: { workerId: string; roleArn: string }): Promise<LentKeys>;
}

/** The longest that a role may lend another one's rights. */
const lentSeconds = 3600;

/** Lends a part of the queues' role: the session is named after the worker, which CloudTrail shows with each call. */
export function createQueueLender({ sts, stage }: { sts: STSClient; stage: string }): QueueLender {
  return {
    async lend({ workerId, roleArn }) {
      const region = await sts.config.region();
      const [, partition = "aws", , , account = ""] = roleArn.split(":");
      return calling("lend a worker its queues", async () => {
        const { Credentials } = await sts.send(
          new AssumeRoleCommand({
            RoleArn: roleArn,
            RoleSessionName: workerId,
            DurationSeconds: lentSeconds,
            Policy: JSON.stringify(queueSessionPolicy({ stage, partition, region, account }, workerId)),
          }),
        );
        const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
        if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined) {
          throw new Error("STS gave no keys");
        }
        return {
          accessKeyId: AccessKeyId,
          secretAccessKey: SecretAccessKey,
          sessionToken: SessionToken,
          expiresInSeconds: lentSeconds,
          region,
        };
      });
    },
  };
}
