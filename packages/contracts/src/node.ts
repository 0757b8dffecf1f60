import { z } from "zod";
import { capacitySchema, gpuSchema, healthLevels, metricsSchema, pullingSchema } from "./heartbeat.ts";
import { nodeIdSchema, tenantIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";

export const nodeKinds = ["appliance", "worker"] as const;
export type NodeKind = (typeof nodeKinds)[number];
export const doorbells = ["pull", "ssm"] as const;
export type Doorbell = (typeof doorbells)[number];

export const nodeNameSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be lower-case letters, digits and hyphens");
/** `site:berlin`, `ring:canary` */
export const tagSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}:[a-z0-9][a-z0-9._-]{0,62}$/, "must look like key:value");

export const nodeViewSchema = z.strictObject({
  id: nodeIdSchema,
  tenantId: tenantIdSchema,
  kind: z.enum(nodeKinds),
  name: z.string(),
  /** What the machine called itself when it enrolled. */
  hostname: z.string().optional(),
  tags: z.array(z.string()),
  doorbell: z.enum(doorbells),
  health: z.enum(healthLevels),
  healthSince: z.iso.datetime().optional(),
  /** What it is not healthy for: metrics (`diskPercent`) and what it finds wrong with itself (`service:nginx`). */
  causes: z.array(z.strictObject({ part: z.string(), level: z.enum(["warning", "critical"]) })).optional(),
  confirmed: z.boolean(),
  keyFingerprint: digestSchema.optional(),
  /** When its newest certificate ends. It renews ten days before that, by itself. */
  certificateExpiresAt: z.iso.datetime().optional(),
  /** Its enrolment token was used with another key: nothing runs there. */
  quarantinedAt: z.iso.datetime().optional(),
  /** Shut out by a person. */
  revokedAt: z.iso.datetime().optional(),
  revokedReason: z.string().optional(),
  lastSeenAt: z.iso.datetime().optional(),
  agentVersion: z.string().optional(),
  /** Whether it keeps to its newest configuration. Absent: it has never said. */
  configSync: z.enum(["in_sync", "pending"]).optional(),
  executor: z.string().optional(),
  metrics: metricsSchema.optional(),
  capacity: capacitySchema.optional(),
  models: z.array(z.string()).optional(),
  gpus: z.array(gpuSchema).optional(),
  /** The model that it fetches just now. */
  pulling: pullingSchema.optional(),
  draining: z.boolean().optional(),
  facts: z.record(z.string(), z.unknown()).optional(),
});
export type NodeView = z.infer<typeof nodeViewSchema>;

/** `POST /nodes`: a single-use token to enrol a machine with. */
export const inviteNodeSchema = z.strictObject({
  kind: z.enum(nodeKinds),
  name: nodeNameSchema,
  tags: z.array(tagSchema).max(20).default([]),
  doorbell: z.enum(doorbells).default("pull"),
});
export const nodeInvitationSchema = z.strictObject({
  nodeId: nodeIdSchema,
  /** Shown once. */
  token: z.string(),
  expiresAt: z.iso.datetime(),
});

/** `POST /enrol`. The same token and key again get the same certificate; another key quarantines the node. */
export const enrolSchema = z.strictObject({
  token: z.string().max(200),
  /** PEM of a PKCS#10 request with an ECDSA P-256 key. */
  csr: z.string().max(8000),
  hostname: z.string().max(253),
});
export const enrolmentSchema = z.strictObject({
  nodeId: nodeIdSchema,
  tenantId: tenantIdSchema,
  kind: z.enum(nodeKinds),
  name: z.string(),
  /** PEM: the node's certificate, then the issuer. */
  certificate: z.string(),
  /** base64 SubjectPublicKeyInfo of the offline root that signs the trust document. Pinned by the node for good. */
  rootPublicKey: z.base64(),
  nodesUrl: z.url(),
  /** The cloud account's registration for the `ssm` doorbell. */
  activation: z.strictObject({ id: z.string(), code: z.string() }).optional(),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;
