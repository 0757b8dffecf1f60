import { z } from "zod";
import { defaults } from "./defaults.ts";
import { jobIdSchema, tenantIdSchema } from "./ids.ts";
import { lanes } from "./names.ts";
import { proposedStepSchema } from "./plan.ts";

/** A lane's message: a pointer and a claim secret. The record is the truth. */
export const laneMessageSchema = z.strictObject({
  v: z.literal(1),
  tenantId: tenantIdSchema,
  jobId: jobIdSchema,
  secret: z.string().max(100),
  /** Only on a worker's own queue, which has jobs of every lane: which of its models is to answer. */
  lane: z.enum(lanes).optional(),
});
export type LaneMessage = z.infer<typeof laneMessageSchema>;

/** `POST /jobs/{id}/claim`. `claimId` is made once per attempt to claim: the same one gets the same answer. */
export const claimJobSchema = z.strictObject({
  tenantId: tenantIdSchema,
  secret: z.string().max(100),
  claimId: z.uuid(),
  model: z.string().max(120).optional(),
  /** It can answer questions too. A worker from before there were any is given plans only. */
  answers: z.literal(true).optional(),
});

export const claimAnswerSchema = z.strictObject({
  attempt: z.number().int(),
  /** Milliseconds from now until the job's deadline and until the lease ends, on the server's clock. */
  deadlineInMs: z.number(),
  leaseInMs: z.number(),
  kind: z.enum(["plan", "answer"]),
  system: z.string(),
  prompt: z.string(),
  /** JSON Schema that a plan is held to. An answer is plain text, and is told as it grows. */
  schema: z.record(z.string(), z.unknown()).optional(),
});
export type ClaimAnswer = z.infer<typeof claimAnswerSchema>;

export const progressJobSchema = z.strictObject({
  tenantId: tenantIdSchema,
  attempt: z.number().int(),
  /** Tokens seen so far. A lease is extended by progress only. */
  tokens: z.number().int().nonnegative(),
  /** What an answer has grown by since the last one that was taken. The same one again changes nothing. */
  text: z
    .strictObject({
      offset: z.number().int().nonnegative().max(defaults.maxDraftCharacters),
      delta: z.string().min(1).max(defaults.maxDraftCharacters),
    })
    .optional(),
});
export type ProgressJob = z.infer<typeof progressJobSchema>;
export const progressAnswerSchema = z.strictObject({
  leaseInMs: z.number(),
  /** How much of the text is here now: the next one begins there. */
  textLength: z.number().int().nonnegative().optional(),
});

export const completeJobSchema = z.strictObject({
  tenantId: tenantIdSchema,
  attempt: z.number().int(),
  /** Exactly what the model wrote. */
  output: z.string().max(64_000),
  model: z.string().max(120),
  promptTokens: z.number().int().nonnegative(),
  completionTokens: z.number().int().nonnegative(),
  durationMs: z.number().nonnegative().max(1e10),
});
export type CompleteJob = z.infer<typeof completeJobSchema>;
export const completeAnswerSchema = z.strictObject({ accepted: z.boolean(), status: z.string() });

export const releaseJobSchema = z.strictObject({
  tenantId: tenantIdSchema,
  attempt: z.number().int(),
  /** `draining` gives the job back as it is; the others say what the model did wrong. */
  reason: z.enum(["draining", "model_unavailable", "model_error", "model_timeout"]),
  message: z.string().max(500).optional(),
});
export type ReleaseJob = z.infer<typeof releaseJobSchema>;

/** What a model answers: steps; or the one thing that is missing; or that it is none of the actions' business. */
export const modelAnswerSchema = z.strictObject({
  understood: z.string().max(500),
  outOfScope: z.boolean(),
  steps: z.array(proposedStepSchema).max(10),
});
export type ModelAnswer = z.infer<typeof modelAnswerSchema>;
