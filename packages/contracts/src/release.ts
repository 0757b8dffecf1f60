import { z } from "zod";
import { actionKinds } from "./actions.ts";
import { riskRulesSchema } from "./risk.ts";
import { generatedNameSchema } from "./run-secret.ts";

export const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256 in lower-case hex");

/** An action as appliances know it. `variables` is a JSON Schema (draft 2020-12) of the values. */
export const releaseActionSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  kind: z.enum(actionKinds),
  playbook: z.string(),
  variables: z.record(z.string(), z.unknown()),
  risk: riskRulesSchema,
  undo: z.enum(["recorded", "none"]),
  timeoutSeconds: z.number().int().positive(),
  /** sha256 of the bundle that holds the playbook. */
  bundle: digestSchema,
  /** Secrets that the agent makes for the step. */
  generates: z.array(generatedNameSchema).min(1).max(5).optional(),
});
export type ReleaseAction = z.infer<typeof releaseActionSchema>;

/** The signed, growing, expiring list of what an appliance may run. */
export const releaseSchema = z.strictObject({
  v: z.literal(1),
  version: z.number().int().positive(),
  issuedAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
  actions: z.array(releaseActionSchema),
  /** Builds that machines may update to: `0.1.0` of the agent, `worker/0.1.0` of the worker → sha256. */
  agents: z.record(z.string(), digestSchema),
});
export type Release = z.infer<typeof releaseSchema>;

/**
 * What a release lists, without when and by whom: what a build carries, what is committed for a stage whose channel is
 * `committed` (`releases/{stage}.json`), and what publishing gives a version, an end and a signature.
 */
export const releaseContentSchema = releaseSchema.pick({ v: true, actions: true, agents: true });
export type ReleaseContent = z.infer<typeof releaseContentSchema>;
