import { signedDocumentSchema } from "@steward/contracts/signed";
import { z } from "zod";

/** What `bootstrap` is asked: the public keys (for the offline root to sign), publish what it signed, make tenants. */
export const bootstrapEventSchema = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("keys") }),
  z.strictObject({
    step: z.literal("publish"),
    trust: signedDocumentSchema,
    rootPublicKey: z.base64(),
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

/** What it answers, by step. */
export const bootstrapAnswers = {
  keys: z.object({
    dispatch: publicKeySchema,
    approval: publicKeySchema,
    release: publicKeySchema,
    token: publicKeySchema,
    issuer: publicKeySchema,
  }),
  publish: z.object({ caCertificate: z.string(), releaseVersion: z.number().int() }),
  seed: z.array(z.object({ tenantId: z.string(), name: z.string(), personId: z.string(), bootstrapToken: z.string() })),
};
