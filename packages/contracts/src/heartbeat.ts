import { z } from "zod";
import { runIdSchema } from "./ids.ts";
import { digestSchema } from "./release.ts";

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

/** A node's check-in. `sequence` grows with every heartbeat; a repeated one is a retry. */
export const heartbeatSchema = z.strictObject({
  sequence: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  intervalSeconds: z.number().int().min(1).max(3600),
  metrics: metricsSchema,
  agentVersion: z.string().max(40),
  configRevision: z.number().int().min(0),
  factsDigest: digestSchema.optional(),
  conditions: z.array(z.string().max(100)).max(10).default([]),
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
