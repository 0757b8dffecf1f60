import { keyRingSchema } from "@steward/contracts/key-ring";
import { parameterNames } from "@steward/contracts/names";
import { signedDocumentSchema } from "@steward/contracts/signed";
import { z } from "zod";

/**
 * What `bootstrap` is asked: how far the stage is set up; to publish, with what the offline root says of the stage's keys
 * (absent: what it said before stays in force); to make tenants, and a sign-in link for each one's admin.
 */
export const bootstrapEventSchema = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("look") }),
  z.strictObject({
    step: z.literal("publish"),
    root: z.strictObject({ trust: signedDocumentSchema, rootPublicKey: z.base64() }).optional(),
  }),
  z.strictObject({
    step: z.literal("seed"),
    tenants: z.array(
      z.strictObject({
        name: z.string().min(1).max(100),
        provider: z.boolean().optional(),
        heartbeatIntervalSeconds: z.number().int().positive(),
        admin: z.string().min(1).max(100),
      }),
    ),
  }),
]);
export type BootstrapEvent = z.infer<typeof bootstrapEventSchema>;

const publicKeySchema = z.object({ keyId: z.string(), publicKey: z.string() });
const parameterName = z.enum(parameterNames);

/** What it answers, by step. */
export const bootstrapAnswers = {
  look: z.object({
    keys: z.object({
      dispatch: publicKeySchema,
      approval: publicKeySchema,
      release: publicKeySchema,
      token: publicKeySchema,
      issuer: publicKeySchema,
      seal: publicKeySchema,
    }),
    rings: z.object({
      dispatch: keyRingSchema.optional(),
      approval: keyRingSchema.optional(),
      release: keyRingSchema.optional(),
      seal: keyRingSchema.optional(),
    }),
    trust: signedDocumentSchema.optional(),
    rootPublicKey: z.string().optional(),
  }),
  publish: z.object({
    caCertificate: z.string(),
    releaseVersion: z.number().int(),
    /** Parameters that have another value now than before. */
    changed: z.array(parameterName),
  }),
  seed: z.array(
    z.object({
      tenantId: z.string(),
      name: z.string(),
      personId: z.string(),
      bootstrapToken: z.string(),
      made: z.array(z.enum(["tenant", "admin"])),
    }),
  ),
};
