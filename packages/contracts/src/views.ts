import { z } from "zod";
import { actionKinds } from "./actions.ts";
import { healthLevels, pullingSchema } from "./heartbeat.ts";
import { riskRulesSchema } from "./risk.ts";

/** `GET /actions`: the catalogue, with variables as JSON Schema. */
export const actionViewSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  kind: z.enum(actionKinds),
  variables: z.record(z.string(), z.unknown()),
  risk: riskRulesSchema,
  undo: z.enum(["recorded", "none"]),
  examples: z.array(z.string()),
  timeoutSeconds: z.number(),
});
export type ActionView = z.infer<typeof actionViewSchema>;

export const laneViewSchema = z.strictObject({
  name: z.string(),
  queued: z.number().int(),
  inFlight: z.number().int(),
  deadLetters: z.number().int(),
  oldestQueuedSeconds: z.number().optional(),
});
export const queueStatusSchema = z.strictObject({
  queues: z.array(laneViewSchema),
  workers: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      health: z.enum(healthLevels),
      slots: z.number().int(),
      used: z.number().int(),
      models: z.array(z.string()),
      /** The model that it fetches just now. */
      pulling: pullingSchema.optional(),
    }),
  ),
});
export type QueueStatus = z.infer<typeof queueStatusSchema>;

/** `GET /stats`: what is wrong, what is running, what waits. */
export const statsSchema = z.strictObject({
  nodes: z.record(z.enum(healthLevels), z.number().int()),
  tasks: z.strictObject({ active: z.number().int(), waitingForMe: z.number().int() }),
  freezes: z.number().int(),
});

export const healthViewSchema = z.strictObject({
  status: z.enum(["ok", "degraded"]),
  version: z.string(),
  stage: z.string(),
  dependencies: z.record(z.string(), z.enum(["ok", "failed"])),
});
