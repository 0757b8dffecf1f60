/**
 * Names and shapes of everything that a stage owns in AWS: one definition for the code that uses it, the local cloud
 * that imitates it, and the infrastructure that makes it.
 */

/** The one table's keys and indexes. `expiresAtS` is its TTL attribute (epoch seconds). */
export const tableSchema = {
  partitionKey: "pk",
  sortKey: "sk",
  indexes: [
    { name: "gsi1", partitionKey: "gsi1pk", sortKey: "gsi1sk" },
    { name: "gsi2", partitionKey: "gsi2pk", sortKey: "gsi2sk" },
    { name: "due", partitionKey: "duepk", sortKey: "duesk" },
  ],
  ttlAttribute: "expiresAtS",
} as const;
export type IndexName = (typeof tableSchema)["indexes"][number]["name"];

export interface QueueDefinition {
  /** Seconds that a received message stays hidden. */
  visibilityTimeoutSeconds: number;
  /** Receives after which a message goes to the dead-letter queue. */
  maxReceiveCount: number;
  /** Age of the oldest message, in seconds, above which an alarm is raised. */
  ageSloSeconds: number;
}

/** Lanes have a high `maxReceiveCount`: a job's `attempt` decides its failure, not how often a pointer was seen. */
export const queueDefinitions = {
  "inference-express": { visibilityTimeoutSeconds: 30, maxReceiveCount: 100, ageSloSeconds: 10 },
  "inference-standard": { visibilityTimeoutSeconds: 30, maxReceiveCount: 100, ageSloSeconds: 60 },
  "inference-bulk": { visibilityTimeoutSeconds: 30, maxReceiveCount: 100, ageSloSeconds: 900 },
  escalations: { visibilityTimeoutSeconds: 120, maxReceiveCount: 5, ageSloSeconds: 60 },
  rollouts: { visibilityTimeoutSeconds: 60, maxReceiveCount: 100, ageSloSeconds: 60 },
  "node-events": { visibilityTimeoutSeconds: 60, maxReceiveCount: 10, ageSloSeconds: 120 },
  notifications: { visibilityTimeoutSeconds: 60, maxReceiveCount: 10, ageSloSeconds: 300 },
} as const satisfies Record<string, QueueDefinition>;

export type QueueName = keyof typeof queueDefinitions;
export const queueNames = Object.keys(queueDefinitions) as QueueName[];

export const lanes = ["express", "standard", "bulk"] as const;
export type Lane = (typeof lanes)[number];
export function laneQueue(lane: Lane): QueueName {
  return `inference-${lane}`;
}

/** The queue of one worker, for jobs that are meant for it alone. Not in the catalogue: it comes and goes with its worker. */
export type WorkerQueueName = `inference-wrk_${string}`;
/** `workerId` is `wrk_…`, or `*` for those of all workers. */
export function workerQueue(workerId: string): WorkerQueueName {
  return workerId === "*" ? "inference-wrk_*" : `inference-wrk_${workerId.replace(/^wrk_/, "")}`;
}
/**
 * Whose settings a worker's queue has, and whose dead letters its own join: one place to look at, under one alarm. It
 * must outlive them, and a worker's queue goes when the worker does.
 */
export const workerQueuesLike = "inference-standard" satisfies QueueName;

/** Uses of KMS keys (all ECDSA P-256, sign only). Each may be used by one function. */
export const signingKeyUses = ["dispatch", "approval", "release", "token", "issuer", "seal", "notify"] as const;
export type SigningKeyUse = (typeof signingKeyUses)[number];

/** Dead letters are kept as long as SQS can: somebody has to look at them. */
export const deadLetterRetentionSeconds = 1_209_600;

/** Secrets of a stage: the cursors' key, and the key of the Claude API. */
export const secretNames = ["anthropic", "cursor-key"] as const;
export type SecretName = (typeof secretNames)[number];

/** Secrets that Steward itself makes anew, and how often. The others somebody else makes, and a person puts in. */
export const rotatedSecrets = { "cursor-key": { everyDays: 30 } } as const satisfies Partial<
  Record<SecretName, { everyDays: number }>
>;
export type RotatedSecret = keyof typeof rotatedSecrets;
export const rotatedSecretNames = Object.keys(rotatedSecrets) as RotatedSecret[];
export function isRotated(name: SecretName): name is RotatedSecret {
  return Object.hasOwn(rotatedSecrets, name);
}
/** The function that does it. */
export const rotationFunction = "rotate-secrets";

/** Names of a stage's resources. */
export function resourceNames(stage: string) {
  const prefix = `steward-${stage}`;
  const secret = (name: SecretName) => `${prefix}/${name}`;
  return {
    prefix,
    table: prefix,
    /** An index as a resource of its own: `steward-prod/index/gsi1`. */
    index: (name: IndexName) => `${prefix}/index/${name}`,
    queue: (name: QueueName | WorkerQueueName) => `${prefix}-${name}`,
    deadLetterQueue: (name: QueueName) => `${prefix}-${name}-dlq`,
    keyAlias: (use: SigningKeyUse) => `alias/${prefix}-${use}`,
    /**
     * While a key is rotated it has a neighbour with an alias of its own, to which the same roles have the same rights:
     * the one that is to sign next, so that IAM knows it in time; and the one that signed before, for those who have not
     * heard of the new one yet. They stay where they are until the next rotation moves them.
     */
    neighbourAlias: (use: SigningKeyUse, which: "next" | "previous") => `alias/${prefix}-${use}-${which}`,
    /** The Lambda function of an entry point: `steward-prod-heartbeat`. */
    lambda: (name: string) => `${prefix}-${name}`,
    secret,
    anthropicSecret: secret("anthropic"),
    tokenSecret: secret("cursor-key"),
    /** Where an instance of the worker group finds its enrolment: `steward-prod/instance/i-…`. */
    instanceSecret: (instanceId: string) => `${prefix}/instance/${instanceId}`,
    /** What a run has made, or (`*`) all that runs have made: `steward-prod/run/ten_…/run_…/1-0-password`. */
    runSecret: (secret: { tenantId: string; runId: string; ref: string } | "*") =>
      `${prefix}/run/${secret === "*" ? "*" : `${secret.tenantId}/${secret.runId}/${secret.ref}`}`,
    /** A secret of a tenant's own, or (`*`) all of all: `steward-prod/tenant/ten_…/wifi-key`. */
    tenantSecret: (secret: { tenantId: string; name: string } | "*") =>
      `${prefix}/tenant/${secret === "*" ? "*" : `${secret.tenantId}/${secret.name}`}`,
    /** The one document of Run Command. Documents are named per account and region, and two stages may share those. */
    wakeDocument: `Steward-Wake-${stage}`,
    /** IAM role of which each worker of somebody's own is lent a part: the lanes, and its own queue. */
    queueRole: `${prefix}-worker-queues`,
    /** IAM role of machines with the doorbell `ssm`. */
    hybridRole: `${prefix}-appliance`,
    /** IAM role of a deploy's workflow: of the CDK stacks, or of the SST app. */
    deployRole: (part: "stacks" | "app") => `${prefix}-deploy-${part}`,
    /** The Auto Scaling group of GPU workers. */
    workerGroup: `${prefix}-workers`,
    /** SNS topic of alarms and of the budget. */
    alarmTopic: `${prefix}-alarms`,
    /** IAM policy: the most that a role made by `infra/` can ever do. */
    appBoundary: `${prefix}-app-boundary`,
    /** SSM parameters: configuration that is not secret. */
    parameterFolder: `/steward/${stage}`,
    parameter: (name: ParameterName) => `/steward/${stage}/${name}`,
  };
}

/** Buckets are named in one space for all of AWS: the account makes a stage's names its own. */
export function bucketNames(stage: string, account: string) {
  const bucket = (use: string) => `steward-${stage}-${use}-${account}`;
  return {
    /** Bundles and releases. */
    bundles: bucket("bundles"),
    /** Outputs of runs, as gzipped chunks. */
    outputs: bucket("outputs"),
    /** Each large tenant's nodes as the last sweep saw them. */
    fleet: bucket("fleet"),
    /** `truststore.pem` of the nodes door. */
    truststore: bucket("truststore"),
    /** Seals of the audit trail, under object lock. */
    audit: bucket("audit"),
  };
}

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
      name: "ring",
      inputs: { timeoutSeconds: "30", runCommand: ["# {{ rolloutId }}", "exec steward-agent ring"] },
    },
  ],
};

/** Tags: of a key that was made by a rotation, its use; of a machine that registers with SSM, its node id; whose stage it is. */
export const keyUseTag = "steward-key-use";
export const nodeTag = "steward-node";
export const stageTag = "steward-stage";

/** Who writes a parameter: the CDK stacks, `steward cert init`, `steward bootstrap`, or `steward keys`. */
export type ParameterWriter = "stacks" | "cert-init" | "bootstrap" | "keys";

/**
 * What is kept in SSM parameters, by name below `/steward/{stage}/`: the contract between `stacks/` (writes), `infra/`
 * (reads at a deploy) and the functions (read when they run). `stage-parameters.ts` has each one's shape.
 */
const stackParameters = [
  "table-arn",
  "data-key-arn",
  ...queueNames.map((name) => `queue-arn/${name}` as const),
  ...queueNames.map((name) => `dead-letter-queue-arn/${name}` as const),
  ...signingKeyUses.map((use) => `key-arn/${use}` as const),
  ...secretNames.map((name) => `secret-arn/${name}` as const),
  "bundle-bucket",
  "output-bucket",
  "truststore-bucket",
  "audit-bucket",
  "hybrid-role",
  "hybrid-role-arn",
  "queue-role-arn",
  "wake-document",
  "worker-group",
  "alarm-topic-arn",
] as const;
export const parametersBy = {
  stacks: stackParameters,
  "cert-init": ["ca-certificate", "truststore"],
  bootstrap: ["root-public-key", "trust-document", "release"],
  // From the first rotation on; before it each use has the one key that its alias names.
  keys: signingKeyUses.map((use) => `key-ring/${use}` as const),
} as const satisfies Record<ParameterWriter, readonly string[]>;
export type ParameterName = (typeof parametersBy)[ParameterWriter][number];
export const parameterNames: readonly ParameterName[] = Object.values(parametersBy).flat();
