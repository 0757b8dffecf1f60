import { z } from "zod";
import { actionKinds } from "./actions.ts";
import { healthLevels } from "./heartbeat.ts";
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
