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
} as const satisfies Record<string, QueueDefinition>;

export type QueueName = keyof typeof queueDefinitions;
export const queueNames = Object.keys(queueDefinitions) as QueueName[];

export const lanes = ["express", "standard", "bulk"] as const;
export type Lane = (typeof lanes)[number];
export function laneQueue(lane: Lane): QueueName {
  return `inference-${lane}`;
}

/** Uses of KMS keys (all ECDSA P-256, sign only). Each may be used by one function. */
export const signingKeyUses = ["dispatch", "approval", "release", "token", "issuer"] as const;
export type SigningKeyUse = (typeof signingKeyUses)[number];

/** Names of a stage's resources. */
export function resourceNames(stage: string) {
  const prefix = `steward-${stage}`;
  return {
    table: prefix,
    queue: (name: QueueName) => `${prefix}-${name}`,
    deadLetterQueue: (name: QueueName) => `${prefix}-${name}-dlq`,
    keyAlias: (use: SigningKeyUse) => `alias/${prefix}-${use}`,
    bundleBucket: `${prefix}-bundles`,
    outputBucket: `${prefix}-outputs`,
    anthropicSecret: `${prefix}/anthropic`,
    tokenSecret: `${prefix}/cursor-key`,
    wakeDocument: "Steward-Wake",
    /** SSM parameters: configuration that is not secret. */
    parameter: (name: ParameterName) => `/steward/${stage}/${name}`,
  };
}

/** What is kept in SSM parameters, by name below `/steward/{stage}/`. */
export const parameterNames = [
  "ca-certificate",
  "root-public-key",
  "trust-document",
  "release",
  "hybrid-role",
] as const;
export type ParameterName = (typeof parameterNames)[number];
