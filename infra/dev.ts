import {
  bucketNames,
  deadLetterRetentionSeconds,
  type ParameterName,
  queueDefinitions,
  type QueueName,
  queueNames,
  resourceNames,
  secretNames,
  signingKeyUses,
  tableSchema,
  wakeDocument,
} from "@steward/contracts/names";
import { hybridRoleStatements, hybridRoleTrust } from "@steward/contracts/hybrid-role";
import { policyStatements, type StagePlace } from "@steward/contracts/policy";
import { queueRole } from "@steward/contracts/queue-role";
import { componentName, type Input, perName, permissionsOf } from "./platform.ts";

type Where = Omit<StagePlace, "secretArns">;
type Names = ReturnType<typeof resourceNames>;

/**
 * What `stacks/` makes for a permanent stage, made small and to be thrown away with the stage: the same names, from the
 * same constants, told in the same parameters. So the code, `steward cert init` and `steward bootstrap` see no difference.
 */
export function makeStorage(where: Where) {
  const names = resourceNames(where.stage);
  const buckets = bucketNames(where.stage, where.account);
  const table = makeTable(names);
  const queues = perName(queueNames, (name) => makeQueue(names, name));
  const keys = perName(signingKeyUses, (use) => makeKey(names.keyAlias(use), use));
  const secrets = perName(
    secretNames,
    (name) =>
      // Its value is put in by `steward bootstrap`. Without the wait of 7 days a stage of the same name can be made anew.
      new aws.secretsmanager.Secret(componentName("Secret", name), {
        name: names.secret(name),
        recoveryWindowInDays: 0,
      }),
  );
  for (const [use, name] of Object.entries(buckets)) {
    // A stage that is thrown away must be able to: its seals are under lock for a day, and whoever removes it may bypass that.
    makeBucket(componentName("Bucket", use), name, use === "audit" ? { lockDays: 1 } : {});
  }
  const document = new aws.ssm.Document("WakeDocument", {
    name: names.wakeDocument,
    documentType: "Command",
    documentFormat: "JSON",
    content: JSON.stringify(wakeDocument),
  });
  const role = makeHybridRole(names, where);

  publish(names, "table-arn", table.arn);
  for (const name of queueNames) {
    publish(names, `queue-arn/${name}`, queues[name].queue.arn);
    publish(names, `dead-letter-queue-arn/${name}`, queues[name].deadLetters.arn);
  }
  for (const use of signingKeyUses) publish(names, `key-arn/${use}`, keys[use].arn);
  for (const name of secretNames) publish(names, `secret-arn/${name}`, secrets[name].arn);
  publish(names, "bundle-bucket", buckets.bundles);
  publish(names, "output-bucket", buckets.outputs);
  publish(names, "truststore-bucket", buckets.truststore);
  publish(names, "audit-bucket", buckets.audit);
  publish(names, "hybrid-role", role.name);
  publish(names, "hybrid-role-arn", role.arn);
  publish(names, "queue-role-arn", makeQueueRole(names, where).arn);
  publish(names, "wake-document", document.name);

  return {
    place: $util.all(secretNames.map((name) => secrets[name].arn)).apply((secretArns) => ({
      ...where,
      secretArns: perName(secretNames, (_name, index) => secretArns[index] ?? ""),
    })),
    queueArn: (name: QueueName): Input<string> => queues[name].queue.arn,
    alarmTopicArn: undefined,
  };
}

/** The worker of a personal stage runs where its owner is, once it is enrolled and started by hand. */
export function offerWorker(stage: string): void {
  new sst.x.DevCommand("Worker", {
    dev: {
      title: "Worker",
      command: "node packages/worker/bin/steward-worker.js run",
      autostart: false,
    },
    environment: { STEWARD_STAGE: stage, STEWARD_STATE_DIR: `.steward/worker-${stage}` },
  });
}

function makeTable(names: Names): aws.dynamodb.Table {
  const { partitionKey, sortKey, indexes, ttlAttribute } = tableSchema;
  const keys = [partitionKey, sortKey, ...indexes.flatMap((index) => [index.partitionKey, index.sortKey])];
  return new aws.dynamodb.Table("Table", {
    name: names.table,
    billingMode: "PAY_PER_REQUEST",
    hashKey: partitionKey,
    rangeKey: sortKey,
    attributes: keys.map((name) => ({ name, type: "S" })),
    globalSecondaryIndexes: indexes.map((index) => ({
      name: index.name,
      hashKey: index.partitionKey,
      rangeKey: index.sortKey,
      projectionType: "ALL",
    })),
    ttl: { attributeName: ttlAttribute, enabled: true },
  });
}

function makeQueue(names: Names, name: QueueName): { queue: aws.sqs.Queue; deadLetters: aws.sqs.Queue } {
  const { visibilityTimeoutSeconds, maxReceiveCount } = queueDefinitions[name];
  const deadLetters = new aws.sqs.Queue(componentName("DeadLetters", name), {
    name: names.deadLetterQueue(name),
    messageRetentionSeconds: deadLetterRetentionSeconds,
    sqsManagedSseEnabled: true,
  });
  const queue = new aws.sqs.Queue(componentName("Queue", name), {
    name: names.queue(name),
    visibilityTimeoutSeconds,
    sqsManagedSseEnabled: true,
    redrivePolicy: $util.jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount }),
  });
  return { queue, deadLetters };
}

function makeKey(alias: string, use: string): aws.kms.Key {
  const key = new aws.kms.Key(componentName("Key", use), {
    description: `Steward: signs what is ${use}'s`,
    customerMasterKeySpec: "ECC_NIST_P256",
    keyUsage: "SIGN_VERIFY",
    deletionWindowInDays: 7,
  });
  // `steward keys rotate` moves it: a deploy makes it, and leaves it where it is then.
  new aws.kms.Alias(
    componentName("KeyAlias", use),
    { name: alias, targetKeyId: key.keyId },
    { ignoreChanges: ["targetKeyId"] },
  );
  return key;
}

function makeBucket(component: string, name: string, { lockDays }: { lockDays?: number }): void {
  const bucket = new aws.s3.Bucket(component, {
    bucket: name,
    forceDestroy: true,
    ...(lockDays === undefined ? {} : { objectLockEnabled: true }),
  });
  new aws.s3.BucketPublicAccessBlock(`${component}Access`, {
    bucket: bucket.bucket,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  // The nodes door is given a version of its truststore.
  new aws.s3.BucketVersioning(`${component}Versioning`, {
    bucket: bucket.bucket,
    versioningConfiguration: { status: "Enabled" },
  });
  if (lockDays === undefined) return;
  new aws.s3.BucketObjectLockConfiguration(`${component}Lock`, {
    bucket: bucket.bucket,
    rule: { defaultRetention: { mode: "GOVERNANCE", days: lockDays } },
  });
}

function makeHybridRole(names: Names, where: Where): aws.iam.Role {
  const { service, conditions } = hybridRoleTrust(where);
  const trust = permissionsOf([{ actions: ["sts:AssumeRole"], resources: [], conditions }]).map((statement) => ({
    actions: statement.actions,
    conditions: statement.conditions,
    principals: [{ type: "Service", identifiers: [service] }],
  }));
  const doorbell = aws.iam.getPolicyDocumentOutput({ statements: permissionsOf(hybridRoleStatements(where)) });
  return new aws.iam.Role("HybridRole", {
    name: names.hybridRole,
    description: "Of machines that registered with SSM: to be rung, and nothing else",
    assumeRolePolicy: aws.iam.getPolicyDocumentOutput({ statements: trust }).json,
    inlinePolicies: [{ name: "doorbell", policy: doorbell.json }],
  });
}

function makeQueueRole(names: Names, where: Where): aws.iam.Role {
  const { principal, conditions, description } = queueRole(where);
  const trust = permissionsOf([{ actions: ["sts:AssumeRole"], resources: [], conditions }]).map((statement) => ({
    actions: statement.actions,
    conditions: statement.conditions,
    principals: [{ type: "AWS", identifiers: [principal] }],
  }));
  const receives = policyStatements("worker", { ...where, secretArns: {} });
  const queues = aws.iam.getPolicyDocumentOutput({ statements: permissionsOf(receives) });
  return new aws.iam.Role("QueueRole", {
    name: names.queueRole,
    description,
    assumeRolePolicy: aws.iam.getPolicyDocumentOutput({ statements: trust }).json,
    inlinePolicies: [{ name: "queues", policy: queues.json }],
  });
}

function publish(names: Names, parameter: ParameterName, value: Input<string>): void {
  const component = componentName("Publish", parameter);
  new aws.ssm.Parameter(component, { name: names.parameter(parameter), type: "String", value });
}
