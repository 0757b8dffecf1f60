import { z } from "zod";

const keySchema = z.strictObject({
  keyId: z.string().regex(/^[0-9a-f]{64}$/),
  /** base64 of the SubjectPublicKeyInfo DER. */
  publicKey: z.base64(),
});

/** Signed by the offline root: the keys that appliances accept, by use. Versions only grow; it expires. */
export const trustDocumentSchema = z.strictObject({
  v: z.literal(1),
  version: z.number().int().positive(),
  issuedAtMs: z.number().int(),
  expiresAtMs: z.number().int(),
  keys: z.strictObject({
    dispatch: z.array(keySchema),
    approval: z.array(keySchema),
    release: z.array(keySchema),
    seal: z.array(keySchema),
  }),
});
export type TrustDocument = z.infer<typeof trustDocumentSchema>;
