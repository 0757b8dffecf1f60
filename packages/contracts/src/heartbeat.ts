import { z } from "zod";
import { runIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";

/** Stored by their place in this list: a new one comes behind them. */
export const healthLevels = ["healthy", "warning", "critical", "offline"] as const;
export type Health = (typeof healthLevels)[number];

const percent = z.number().min(0).max(100);

export const metricsSchema = z.strictObject({
  cpuPercent: percent,
  memoryPercent: percent,
  diskPercent: percent,
  loadAverage1m: z.number().min(0).max(100_000),
  uptimeSeconds: z.number().min(0).max(1e10),
});
export type Metrics = z.infer<typeof metricsSchema>;

export const capacitySchema = z.strictObject({
  slots: z.number().int().min(0).max(1024),
  used: z.number().int().min(0).max(1024),
});

const megabytes = z.number().int().min(0).max(100_000_000);

/** A GPU as its maker's tool sees it. Memory in MiB, 0 where the tool does not say; memory shared with the host is the host's. */
export const gpuSchema = z.strictObject({
  name: z.string().max(80),
  vramMb: megabytes,
  freeMb: megabytes,
  /** How busy it is. */
  usedPercent: percent.optional(),
});
export type Gpu = z.infer<typeof gpuSchema>;

/** A wanted model that is on its way, or does not come. */
export const pullingSchema = z.strictObject({
  model: z.string().max(120),
  percent,
  /** Why it stands still: it is tried again, ever more seldom. */
  problem: z.enum(["disk_full", "failing"]).optional(),
});
export type Pulling = z.infer<typeof pullingSchema>;

/**
 * What a node may find wrong with itself, beyond its metrics. A list to be known by, not a limit: a kind that a newer
 * agent knows passes too, and is shown by its name.
 */
export const conditionKinds = {
  temperature: "a sensor is too hot",
  drive: "a drive's own diagnosis (SMART) is bad",
  disk: "a file system is full",
  service: "a service has failed",
  updates: "updates that close security holes are waiting",
  reboot: "the machine waits for a restart",
  certificate: "a certificate ends soon, or has ended",
  run: "a run that waits is refused here",
  configuration: "the configuration is refused here",
  upgrade: "a new build was taken back",
  model: "no model can be asked",
  queues: "the queues do not let this worker in",
} as const;

/** The most that one heartbeat tells. The worst come first: whoever has less room keeps the head of the list. */
export const maxConditions = 20;

/**
 * Something that a node finds wrong with itself. One of a kind and a subject at a time; it is over when a heartbeat does
 * not tell it any more.
 */
export const conditionSchema = z.strictObject({
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must look like disk or smart-log"),
  /** Which one: a unit, a drive, a path, a run. */
  subject: z.string().min(1).max(100).optional(),
  level: z.enum(["warning", "critical"]),
  /** For how long, by the node's own count. Absent: it does not know. */
  since: z.number().int().min(0).max(1e9).optional(),
});
export type Condition = z.infer<typeof conditionSchema>;

/** What is told in the old way, as a few words, has no level and changes nobody's health. */
export function conditionsOf(told: readonly (string | Condition)[]): Condition[] {
  return told.filter((one) => typeof one !== "string");
}

/** A node's check-in. `sequence` grows with every heartbeat; a repeated one is a retry. */
export const heartbeatSchema = z.strictObject({
  sequence: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  intervalSeconds: z.number().int().min(1).max(3600),
  metrics: metricsSchema,
  agentVersion: z.string().max(40),
  /** The revision of the configuration that it keeps to; 0 before the first. */
  configRevision: z.number().int().min(0),
  factsDigest: digestSchema.optional(),
  /** Agents before 0.2 tell a few words. */
  conditions: z
    .array(z.union([z.string().max(100), conditionSchema]))
    .max(maxConditions)
    .default([]),
  capacity: capacitySchema.optional(),
  models: z.array(z.string().max(120)).max(32).optional(),
  gpus: z.array(gpuSchema).max(16).optional(),
  draining: z.boolean().optional(),
  pulling: pullingSchema.optional(),
});
export type Heartbeat = z.infer<typeof heartbeatSchema>;

export const heartbeatAnswerSchema = z.strictObject({
  serverTimeMs: z.number().int(),
  nextIntervalSeconds: z.number().int(),
  configRevision: z.number().int(),
  pendingRuns: z.array(runIdSchema),
});
export type HeartbeatAnswer = z.infer<typeof heartbeatAnswerSchema>;
