import {
  bucketNames,
  deadLetterRetentionSeconds,
  type QueueName,
  queueDefinitions,
  queueNames,
  isRotated,
  resourceNames,
  rotatedSecrets,
  rotationFunction,
  secretNames,
  signingKeyUses,
  tableSchema,
  wakeDocument,
} from "@steward/contracts/names";
import { type EngineClient, EngineError } from "./engine-client.ts";
import type { Kms } from "./kms.ts";
import type { S3 } from "./s3.ts";
import type { Secrets } from "./secrets.ts";
import type { Sqs } from "./sqs.ts";
import type { Ssm } from "./ssm.ts";

export interface Stores {
  engine: EngineClient;
  sqs: Sqs;
  kms: Kms;
  secrets: Secrets;
  s3: S3;
  ssm: Ssm;
}

/** Everything that a stage owns, made unless it is there: what `stacks/` does on AWS. */
export async function createResources(
  { stage, account, region }: { stage: string; account: string; region: string },
  stores: Stores,
): Promise<void> {
  const names = resourceNames(stage);
  const buckets = bucketNames(stage, account);
  await Promise.all([
    ensureTable(stores.engine, names.table),
    ...queueNames.map((name) => ensureQueue(stores.sqs, names, name)),
    ...signingKeyUses.map((use) => stores.kms.ensureKey(names.keyAlias(use))),
    ...secretNames.map(async (name) => {
      const secret = names.secret(name);
      await stores.secrets.ensureSecret(secret);
      if (!isRotated(name)) return;
      const lambdaArn = `arn:aws:lambda:${region}:${account}:function:${names.lambda(rotationFunction)}`;
      await stores.secrets.ensureRotation(secret, { lambdaArn, days: rotatedSecrets[name].everyDays });
    }),
    // Older installations have them without the account, with the outputs and the release that machines hold to.
    stores.s3.ensureBucket(buckets.bundles, { formerly: `${names.prefix}-bundles` }),
    stores.s3.ensureBucket(buckets.outputs, { formerly: `${names.prefix}-outputs` }),
    stores.s3.ensureBucket(buckets.fleet),
    stores.s3.ensureBucket(buckets.truststore, { versioned: true }),
    stores.s3.ensureBucket(buckets.audit, { lock: { mode: "COMPLIANCE", days: 365 } }),
    stores.ssm.documents.ensureDocument(names.wakeDocument, wakeDocument),
    stores.ssm.ensureParameter(names.parameter("hybrid-role"), names.hybridRole),
    stores.ssm.ensureParameter(names.parameter("queue-role-arn"), `arn:aws:iam::${account}:role/${names.queueRole}`),
  ]);
}

async function ensureQueue(sqs: Sqs, names: ReturnType<typeof resourceNames>, name: QueueName): Promise<void> {
  const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[name];
  const deadLetterQueue = names.deadLetterQueue(name);
  await sqs.ensureQueue(deadLetterQueue, { MessageRetentionPeriod: String(deadLetterRetentionSeconds) });
  await sqs.ensureQueue(names.queue(name), {
    VisibilityTimeout: String(visibilityTimeoutSeconds),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: sqs.arnOf(deadLetterQueue), maxReceiveCount }),
  });
}

async function ensureTable(engine: EngineClient, name: string): Promise<void> {
  const attributes = [
    tableSchema.partitionKey,
    tableSchema.sortKey,
    ...tableSchema.indexes.flatMap(({ partitionKey, sortKey }) => [partitionKey, sortKey]),
  ];
  await ignoring("ResourceInUseException", () =>
    engine.call("CreateTable", {
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: keySchema(tableSchema.partitionKey, tableSchema.sortKey),
      GlobalSecondaryIndexes: tableSchema.indexes.map((index) => ({
        IndexName: index.name,
        KeySchema: keySchema(index.partitionKey, index.sortKey),
        Projection: { ProjectionType: "ALL" },
      })),
    }),
  );
  // Refused when it is on already.
  await ignoring("ValidationException", () =>
    engine.call("UpdateTimeToLive", {
      TableName: name,
      TimeToLiveSpecification: { Enabled: true, AttributeName: tableSchema.ttlAttribute },
    }),
  );
}

function keySchema(partitionKey: string, sortKey: string) {
  return [
    { AttributeName: partitionKey, KeyType: "HASH" },
    { AttributeName: sortKey, KeyType: "RANGE" },
  ];
}

async function ignoring(type: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof EngineError) || error.type !== type) throw error;
  }
}
