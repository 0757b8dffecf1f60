import {
  type QueueName,
  queueDefinitions,
  queueNames,
  resourceNames,
  signingKeyUses,
  tableSchema,
} from "@steward/contracts/names";
import { type EngineClient, EngineError } from "./engine-client.ts";
import type { Kms } from "./kms.ts";
import type { S3 } from "./s3.ts";
import type { Sqs } from "./sqs.ts";
import type { Ssm } from "./ssm.ts";

/** What a doorbell runs on an appliance. The id is a reference only: what to do comes signed, over the nodes' door. */
export const wakeDocument = {
  schemaVersion: "2.2",
  description: "Tells the Steward agent to fetch its pending runs now.",
  parameters: {
    rolloutId: {
      type: "String",
      description: "The rollout that waits.",
      allowedPattern: "^rol_[0-9a-hjkmnp-tv-z]{26}$",
    },
  },
  mainSteps: [
    {
      action: "aws:runShellScript",
      name: "wake",
      inputs: { timeoutSeconds: "30", runCommand: ["steward-agent wake {{ rolloutId }}"] },
    },
  ],
};

export interface Stores {
  engine: EngineClient;
  sqs: Sqs;
  kms: Kms;
  s3: S3;
  ssm: Ssm;
}

/** Everything that a stage owns, made unless it is there: what `stacks/` does on AWS. */
export async function createResources(stage: string, stores: Stores): Promise<void> {
  const names = resourceNames(stage);
  await Promise.all([
    ensureTable(stores.engine, names.table),
    ...queueNames.map((name) => ensureQueue(stores.sqs, names, name)),
    ...signingKeyUses.map((use) => stores.kms.ensureKey(names.keyAlias(use))),
    stores.s3.ensureBucket(names.bundleBucket),
    stores.s3.ensureBucket(names.outputBucket),
    stores.ssm.documents.ensureDocument(names.wakeDocument, wakeDocument),
  ]);
}

async function ensureQueue(sqs: Sqs, names: ReturnType<typeof resourceNames>, name: QueueName): Promise<void> {
  const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[name];
  const deadLetterQueue = names.deadLetterQueue(name);
  // Dead letters are kept as long as SQS can: somebody has to look at them.
  await sqs.ensureQueue(deadLetterQueue, { MessageRetentionPeriod: "1209600" });
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
