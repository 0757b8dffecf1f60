import { z } from "zod";
import { applianceIdSchema, personIdSchema, runIdSchema, taskIdSchema, tenantIdSchema } from "./ids.ts";
import { executablePlanSchema, modes } from "./plan.ts";
import { digestSchema } from "./release.ts";
import { signedDocumentSchema } from "./signed.ts";
import { targetProofSchema } from "./targets-proof.ts";

/** A person's yes to one plan hash. The payload of a `steward-approval-v1`. */
export const approvalSchema = z.strictObject({
  v: z.literal(1),
  tenantId: tenantIdSchema,
  taskId: taskIdSchema,
  planHash: digestSchema,
  approvedBy: personIdSchema,
  approvedAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
});
export type Approval = z.infer<typeof approvalSchema>;

/** The command to one appliance for one attempt. The payload of a `steward-envelope-v1`. */
export const envelopeSchema = z.strictObject({
  v: z.literal(1),
  tenantId: tenantIdSchema,
  taskId: taskIdSchema,
  runId: runIdSchema,
  attempt: z.number().int().positive(),
  applianceId: applianceIdSchema,
  /** Absent: to do what the plan says. `undo`: to take back what earlier attempts of this run did of it. */
  operation: z.literal("undo").optional(),
  plan: executablePlanSchema,
  /** That `applianceId` is among the plan's targets. */
  targetProof: targetProofSchema,
  mode: z.enum(modes),
  planExpiresAtMs: z.number().int(),
  planHash: digestSchema,
  verbosity: z.number().int().min(0).max(4),
  notBeforeMs: z.number().int(),
  /** At most 24 h after `notBeforeMs`. */
  expiresAtMs: z.number().int(),
  /** Needed for anything whose risk is above `low`. */
  approval: signedDocumentSchema.optional(),
  /** In its place: the standing approval of the schedule that asked for it. */
  standing: signedDocumentSchema.optional(),
});
export type Envelope = z.infer<typeof envelopeSchema>;
