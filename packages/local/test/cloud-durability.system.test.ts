import { GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { GetPublicKeyCommand } from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { CreateSecretCommand, GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { CreateActivationCommand, GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { localAccount } from "../src/account.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type CloudProcess, seeded, startCloudProcess, temporaryFolder, writeCredentials } from "./cloud-process.ts";
import { clientsOf, fullAccess } from "./contract/target.ts";

const names = resourceNames("test");
const bucket = bucketNames("test", localAccount).outputs;
const kills = 8;
const seed = Number(process.env.STEWARD_SEED ?? Math.floor(Math.random() * 2 ** 31));

let folder: ReturnType<typeof temporaryFolder>;
let cloud: CloudProcess | undefined;
beforeEach(() => {
  folder = temporaryFolder();
  writeCredentials(folder.path);
});
afterEach(async () => {
  await cloud?.kill();
  folder.remove();
});

/** Everything that was acknowledged, and so must be there for ever. */
interface Acknowledged {
  items: Map<string, string>;
  pairs: Set<string>;
  sent: Set<string>;
  deleted: Set<string>;
  objects: Map<string, string>;
  parameters: Map<string, string>;
  secrets: Map<string, string>;
  activations: Set<string>;
}

/** Writes of every kind, until the cloud is gone; notes what was acknowledged. */
async function load(
  { endpoint, QueueUrl }: { endpoint: string; QueueUrl: string | undefined },
  acknowledged: Acknowledged,
  round: number,
): Promise<void> {
  const { dynamodb, sqs, s3, ssm, secrets } = clientsOf(endpoint, fullAccess);
  let n = 0;
  const writers: (() => Promise<void>)[] = [
    async () => {
      const id = `item-${round}-${n++}`;
      await dynamodb.send(
        new PutItemCommand({ TableName: names.table, Item: { pk: { S: id }, sk: { S: "a" }, v: { S: id } } }),
      );
      acknowledged.items.set(id, id);
    },
    async () => {
      const id = `pair-${round}-${n++}`;
      await dynamodb.send(
        new TransactWriteItemsCommand({
          TransactItems: ["left", "right"].map((sk) => ({
            Put: { TableName: names.table, Item: { pk: { S: id }, sk: { S: sk } } },
          })),
        }),
      );
      acknowledged.pairs.add(id);
    },
    async () => {
      const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: `m-${round}-${n++}` }));
      if (MessageId !== undefined) acknowledged.sent.add(MessageId);
    },
    async () => {
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
      const [message] = Messages ?? [];
      if (message === undefined) return;
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
      // With a timeout of 0 somebody else may have received it since; then the handle was old and nothing was deleted.
    },
    async () => {
      const key = `o-${round}-${n++}`;
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key.repeat(100) }));
      acknowledged.objects.set(key, key.repeat(100));
    },
    async () => {
      const name = `/kill/p${n++ % 5}`;
      const Value = `${round}-${n}`;
      await ssm.send(new PutParameterCommand({ Name: name, Value, Type: "String", Overwrite: true }));
      acknowledged.parameters.set(name, Value);
    },
    async () => {
      const Name = `kill/s-${round}-${n++}`;
      await secrets.send(new CreateSecretCommand({ Name, SecretString: Name }));
      acknowledged.secrets.set(Name, Name);
    },
    async () => {
      const { ActivationId } = await ssm.send(new CreateActivationCommand({ IamRole: "kill" }));
      if (ActivationId !== undefined) acknowledged.activations.add(ActivationId);
    },
  ];
  // The deleting writer is for the next test; two at once on one parameter would race about which is last.
  await Promise.all(
    writers
      .filter((_, index) => index !== 3)
      .map(async (write) => {
        for (;;)
          try {
            await write();
          } catch {
            return;
          }
      }),
  );
}

test(`SIGKILL at ${kills} random points of a mixed load loses nothing that was acknowledged (seed ${seed})`, {
  timeout: 240_000,
}, async () => {
  console.log(`STEWARD_SEED=${seed}`);
  const random = seeded(seed);
  const acknowledged: Acknowledged = {
    items: new Map(),
    pairs: new Set(),
    sent: new Set(),
    deleted: new Set(),
    objects: new Map(),
    parameters: new Map(),
    secrets: new Map(),
    activations: new Set(),
  };
  cloud = await startCloudProcess(folder.path);
  const { port } = cloud;
  const publicKey = async () => {
    const { kms } = clientsOf(cloud?.endpoint ?? "", fullAccess);
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: names.keyAlias("token") }));
    return Buffer.from(PublicKey ?? []).toString("hex");
  };
  const key = await publicKey();
  // Asked once: it is the same after each start, and a kill may come before the first answer.
  const { QueueUrl } = await clientsOf(cloud.endpoint, fullAccess).sqs.send(
    new GetQueueUrlCommand({ QueueName: names.queue("rollouts") }),
  );
  for (let round = 0; round < kills; round++) {
    const working = load({ endpoint: cloud.endpoint, QueueUrl }, acknowledged, round);
    await new Promise((resolve) => setTimeout(resolve, 50 + random() * 400));
    await cloud.kill();
    await working;
    cloud = await startCloudProcess(folder.path, { STEWARD_CLOUD_PORT: String(port) });
  }
  expect(acknowledged.items.size).toBeGreaterThan(kills);
  expect(acknowledged.sent.size).toBeGreaterThan(kills);
  expect(await publicKey()).toBe(key);

  const { dynamodb, sqs, s3, ssm, secrets } = clientsOf(cloud.endpoint, fullAccess);
  const item = (pk: string, sk: string) =>
    dynamodb.send(new GetItemCommand({ TableName: names.table, Key: { pk: { S: pk }, sk: { S: sk } } }));
  for (const [id, value] of acknowledged.items) expect((await item(id, "a")).Item?.v?.S).toBe(value);
  for (const id of acknowledged.pairs)
    for (const side of ["left", "right"]) expect((await item(id, side)).Item).toBeDefined();
  for (const [name, value] of acknowledged.objects) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: name }));
    expect(await Body?.transformToString()).toBe(value);
  }
  for (const [name, value] of acknowledged.parameters) {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name }));
    // A write whose answer was lost may have come after the last acknowledged one, never the other way round.
    const stored = (Parameter?.Value ?? "0-0").split("-").map(Number);
    const known = value.split("-").map(Number);
    expect((stored[0] ?? 0) * 1e6 + (stored[1] ?? 0)).toBeGreaterThanOrEqual((known[0] ?? 0) * 1e6 + (known[1] ?? 0));
  }
  for (const [name, value] of acknowledged.secrets) {
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: name }));
    expect(SecretString).toBe(value);
  }
  const found = new Set<string>();
  for (;;) {
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages === undefined) break;
    for (const { MessageId } of Messages) found.add(MessageId ?? "");
  }
  expect([...acknowledged.sent].filter((id) => !found.has(id))).toEqual([]);
});

test("deleted stays deleted, in flight stays in flight with its handle, across SIGKILL", async () => {
  cloud = await startCloudProcess(folder.path);
  const first = clientsOf(cloud.endpoint, fullAccess);
  const { QueueUrl } = await first.sqs.send(new GetQueueUrlCommand({ QueueName: names.queue("rollouts") }));
  for (const body of ["a", "b", "c"]) await first.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
  const { Messages } = await first.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 2 }));
  await first.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle }));
  const { port } = cloud;
  await cloud.kill();
  cloud = await startCloudProcess(folder.path, { STEWARD_CLOUD_PORT: String(port) });

  const { sqs } = clientsOf(cloud.endpoint, fullAccess);
  const visible = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  expect(visible.Messages).toHaveLength(1);
  // The handle from before the kill still deletes.
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages?.[1]?.ReceiptHandle }));
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: visible.Messages?.[0]?.ReceiptHandle }));
  await cloud.kill();
  cloud = await startCloudProcess(folder.path, { STEWARD_CLOUD_PORT: String(port) });
  const again = clientsOf(cloud.endpoint, fullAccess).sqs;
  const left = await again.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
  expect(left.Messages).toBeUndefined();
});

test("an older installation's buckets keep their objects under the new names", async () => {
  cloud = await startCloudProcess(folder.path);
  const { s3 } = clientsOf(cloud.endpoint, fullAccess);
  const buckets = bucketNames("test", localAccount);
  const renamed = { "steward-test-bundles": buckets.bundles, "steward-test-outputs": buckets.outputs };
  for (const [before, now] of Object.entries(renamed)) {
    await s3.send(new DeleteBucketCommand({ Bucket: now }));
    await s3.send(new CreateBucketCommand({ Bucket: before }));
    await s3.send(new PutObjectCommand({ Bucket: before, Key: "releases/1-a.json", Body: before }));
  }
  // Once more, to see that what was moved is there for good.
  for (let start = 0; start < 2; start += 1) {
    await cloud.kill();
    cloud = await startCloudProcess(folder.path);
    const again = clientsOf(cloud.endpoint, fullAccess).s3;
    for (const [before, now] of Object.entries(renamed)) {
      const { Body } = await again.send(new GetObjectCommand({ Bucket: now, Key: "releases/1-a.json" }));
      expect(await Body?.transformToString()).toBe(before);
      await expect(again.send(new HeadBucketCommand({ Bucket: before }))).rejects.toThrow();
    }
  }
});
